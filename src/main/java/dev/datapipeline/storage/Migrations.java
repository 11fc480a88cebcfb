package dev.datapipeline.storage;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationInfoService;
import org.flywaydb.core.api.MigrationState;
import org.flywaydb.core.api.callback.BaseCallback;
import org.flywaydb.core.api.callback.Context;
import org.flywaydb.core.api.callback.Event;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;

/**
 * Brings the database schema up to date with the versioned scripts of {@code sql/}. Uses a
 * datasource outside of JTA, because Flyway manages its own transactions. Thread-safe.
 */
@ApplicationScoped
public class Migrations {
  private static final String LOCATION = "classpath:db/migration";

  @Resource(lookup = "jdbc/datapipeline-migrations")
  private DataSource dataSource;

  private final List<String> locations;

  /** Called by CDI. */
  public Migrations() {
    locations = List.of(LOCATION);
  }

  /** For a test. */
  Migrations(DataSource dataSource, List<String> moreLocations) {
    this.dataSource = dataSource;
    locations = new ArrayList<>(moreLocations);
    locations.add(LOCATION);
  }

  /**
   * Runs the scripts that haven't been run yet. Several instances may call this at once; they wait
   * for one another. A script may take as long as it needs.
   *
   * @return how many scripts were run
   * @throws IllegalStateException if a newer version of the application has changed the schema
   * @throws FlywayException if the database is unavailable, a script fails, or a script waits for a
   *     lock for too long; {@code server.xml} limits that, because everybody else would wait behind
   *     it
   */
  public int run() {
    FluentConfiguration configuration =
        Flyway.configure(Migrations.class.getClassLoader())
            .dataSource(dataSource)
            .locations(locations.toArray(String[]::new))
            .failOnMissingLocations(true)
            .connectRetries(0)
            .callbacks(new Patience());
    // CREATE INDEX CONCURRENTLY would wait for the transaction that held Flyway's own lock
    configuration
        .getConfigurationExtension(PostgreSQLConfigurationExtension.class)
        .setTransactionalLock(false);
    Flyway flyway = configuration.load();
    refuseNewer(flyway.info());
    return flyway.migrate().migrationsExecuted;
  }

  private static void refuseNewer(MigrationInfoService scripts) {
    Stream.of(scripts.all())
        .filter(
            script ->
                Set.of(MigrationState.FUTURE_SUCCESS, MigrationState.FUTURE_FAILED)
                    .contains(script.getState()))
        .map(MigrationInfo::getVersion)
        .max(Comparator.naturalOrder())
        .ifPresent(
            version -> {
              throw new IllegalStateException(
                  "the tables are those of a newer version, which has run migration %s; start that"
                          .formatted(version)
                      + " version, or restore a backup from before the upgrade");
            });
  }

  /** Lets a script run for longer than the connection would otherwise wait for an answer. */
  private static final class Patience extends BaseCallback {
    private static final Set<Event> EVENTS =
        Set.of(Event.BEFORE_MIGRATE, Event.BEFORE_EACH_MIGRATE);

    @Override
    public boolean supports(Event event, Context context) {
      return EVENTS.contains(event);
    }

    @Override
    public void handle(Event event, Context context) {
      try {
        context.getConnection().setNetworkTimeout(Runnable::run, 0);
      } catch (SQLException e) {
        throw new FlywayException("the connection's timeout cannot be changed", e);
      }
    }
  }
}
