package dev.datapipeline.storage;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/**
 * Brings the database schema up to date with the versioned scripts of {@code sql/}. Uses a
 * datasource outside of JTA, because Flyway manages its own transactions. Thread-safe.
 */
@ApplicationScoped
public class Migrations {
  private static final String LOCATION = "classpath:db/migration";

  @Resource(lookup = "jdbc/datapipeline-migrations")
  private DataSource dataSource;

  /**
   * Runs the scripts that haven't been run yet. Several instances may call this at once; they wait
   * for one another.
   *
   * @return how many scripts were run
   * @throws org.flywaydb.core.api.FlywayException if the database is unavailable or a script fails
   */
  public int run() {
    return Flyway.configure(Migrations.class.getClassLoader())
        .dataSource(dataSource)
        .locations(LOCATION)
        .failOnMissingLocations(true)
        .connectRetries(0)
        .load()
        .migrate()
        .migrationsExecuted;
  }
}
