package dev.datapipeline.backends;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.postgresql.Driver;

/**
 * A real PostgreSQL server from the binaries on the class path. It listens on the loopback
 * interface only, and has one database, owned by a role that is not a superuser.
 *
 * <p>The data stay in the directory; a later server on the same directory finds them. Writes are as
 * durable as by PostgreSQL's defaults. When this JVM ends for any reason, the server shuts down
 * cleanly within some seconds. A signal from the terminal does not reach it, so that programs that
 * use it can stop first.
 *
 * <p>All methods wait for the completion of what they start. They throw {@link BackendException} on
 * a timeout.
 */
public final class PostgresServer implements AutoCloseable {
  private static final String NAME = "datapipeline";
  private static final String SUPERUSER = "postgres";
  private static final Duration START_TIMEOUT = Duration.ofSeconds(120);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(60);
  private static final long LOG_BYTES = 10L << 20;

  /**
   * Starts the server, reports the result, and stops the server on a command or when standard input
   * ends, which happens when this JVM ends. One process does both, so that the server is never
   * without a guard.
   */
  private static final String SUPERVISOR =
      """
      trap '' INT HUP TERM
      bin=$1 data=$2 log=$3 start=$4 stop=$5
      stop() {
        "$bin/pg_ctl" stop -D "$data" -m "$1" -w -t "$stop" -s </dev/null >/dev/null 2>&1
      }
      if "$bin/pg_ctl" start -D "$data" -l "$log" -w -t "$start" -s </dev/null >/dev/null 2>>"$log"
      then
        echo started
      else
        stop immediate
        echo failed
        exit 1
      fi
      read -r mode || mode=fast
      case $mode in
        none) ;;
        *) stop "$mode" || stop immediate ;;
      esac
      """;

  private final Path directory;
  private final Path distribution;
  private final Path data;
  private final Path log;
  private final int port;
  private final String password;
  private final String superuserPassword;
  private final Map<String, String> settings = new TreeMap<>();
  private final Map<String, String> environment = new TreeMap<>();
  private String key;
  private String certificate;

  private List<String> prefix = List.of();
  private DirectoryLock lock;
  private Process supervisor;
  private ProcessHandle postmaster;
  private Process pause;

  /**
   * Creates a server whose binaries are unpacked beside its directory.
   *
   * @param directory keeps the data, the log and the generated passwords; created if missing
   * @param port on which to listen; 0 picks a free one and keeps it for this object's life
   */
  public PostgresServer(Path directory, int port) {
    this(directory, directory.toAbsolutePath().resolveSibling("postgres-dist"), port);
  }

  /**
   * Creates a server without starting it.
   *
   * @param directory keeps the data, the log and the generated passwords; created if missing
   * @param distribution where the binaries are unpacked once; several servers may share it
   * @param port on which to listen; 0 picks a free one and keeps it for this object's life
   */
  public PostgresServer(Path directory, Path distribution, int port) {
    this.directory = directory.toAbsolutePath().normalize();
    this.distribution = distribution.toAbsolutePath().normalize();
    this.data = this.directory.resolve("data");
    this.log = this.directory.resolve("server.log");
    this.port = port == 0 ? Ports.free() : port;
    try {
      Files.createDirectories(this.directory);
      Files.setPosixFilePermissions(this.directory, PosixFilePermissions.fromString("rwx------"));
      this.password = secret(passwordFile());
      this.superuserPassword = secret(superuserPasswordFile());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write to " + directory, e);
    }
  }

  /**
   * Sets server parameters, as in {@code postgresql.conf}, from the next start on. They add to
   * those set before.
   *
   * @return this
   */
  public synchronized PostgresServer settings(Map<String, String> parameters) {
    settings.putAll(parameters);
    return this;
  }

  /**
   * Sets environment variables of the server's processes, from the next start on. They add to those
   * set before.
   *
   * @return this
   */
  public synchronized PostgresServer environment(Map<String, String> variables) {
    environment.putAll(variables);
    return this;
  }

  /**
   * Accepts encrypted connections only, from the next start on.
   *
   * @param privateKey in PEM
   * @param certificateChain in PEM, the server's own certificate first
   * @return this
   */
  public synchronized PostgresServer encrypted(String privateKey, String certificateChain) {
    key = privateKey;
    certificate = certificateChain;
    return settings(
        Map.of(
            "ssl", "on",
            "ssl_key_file", directory.resolve("server.key").toString(),
            "ssl_cert_file", directory.resolve("server.crt").toString(),
            "hba_file", directory.resolve("hostssl.conf").toString()));
  }

  /** Uses another certificate of the same key for new connections. */
  public synchronized void certificate(String certificateChain) throws SQLException {
    certificate = certificateChain;
    try (Connection connection = connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      writeEncryption();
      statement.execute("SELECT pg_reload_conf()");
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write to " + directory, e);
    }
  }

  private void writeEncryption() throws IOException {
    if (key == null) {
      return;
    }
    Path keyFile = directory.resolve("server.key");
    if (!Files.exists(keyFile)) {
      PrivateFiles.write(keyFile, key);
    }
    // written over, not replaced: they must keep their owner
    Files.writeString(directory.resolve("server.crt"), certificate);
    Files.writeString(directory.resolve("hostssl.conf"), "hostssl all all all scram-sha-256\n");
  }

  /**
   * Starts the server, if it does not run: on first use it creates the cluster, the role and the
   * database. After a crash it recovers.
   *
   * @throws BackendException the port is taken, another run uses the directory, or PostgreSQL does
   *     not start; then the message ends with the server's log
   */
  public synchronized void start() {
    if (isRunning()) {
      return;
    }
    dismissSupervisor();
    prepare();
    try {
      Path bin = PostgresDistribution.unpack(distribution).resolve("bin");
      Path owned = Files.exists(data) && Files.exists(log) ? data : directory;
      writeEncryption();
      prefix = Unprivileged.prefix(bin.resolve("postgres"), owned);
      initialise(bin);
      configure();
      launch(bin);
      createDatabase();
    } catch (IOException | SQLException e) {
      close();
      throw new BackendException("PostgreSQL did not start: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Checks everything that could prevent a start. */
  synchronized void prepare() {
    if (lock != null) {
      return;
    }
    lock = DirectoryLock.acquire(directory.resolve("lock"));
    try {
      awaitPredecessor();
      Ports.requireFree(port, "PostgreSQL", "-Dpostgres.port=…");
    } catch (RuntimeException e) {
      unlock();
      throw e;
    }
  }

  /** Waits for an earlier server that is still stopping because its JVM was killed. */
  private void awaitPredecessor() {
    Path file = data.resolve("postmaster.pid");
    ProcessHandle process = postmasterOf(file);
    if (process == null) {
      return;
    }
    if (Processes.isAlive(process) && process.info().command().orElse("").endsWith("postgres")) {
      Processes.await(
          () -> !Processes.isAlive(process),
          STOP_TIMEOUT,
          "A PostgreSQL server (process " + process.pid() + ") still runs on " + data);
    }
    if (process.isAlive()) {
      // A zombie, or another process that got the same number later. PostgreSQL only checks whether
      // a process with this number exists, and would refuse to start.
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static ProcessHandle postmasterOf(Path file) {
    try {
      List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
      return lines.isEmpty()
          ? null
          : ProcessHandle.of(Long.parseLong(lines.get(0).strip())).orElse(null);
    } catch (IOException | NumberFormatException e) {
      return null;
    }
  }

  private void initialise(Path bin) throws IOException {
    if (Files.exists(data)) {
      return;
    }
    // It has another name until it is complete, because initdb may be killed at any time.
    Path unfinished = directory.resolve("data.new");
    PostgresDistribution.deleteTree(unfinished);
    Path output = directory.resolve("initdb.log");
    List<String> command = new ArrayList<>(prefix);
    command.addAll(
        List.of(
            bin.resolve("initdb").toString(),
            "--pgdata=" + unfinished,
            "--username=" + SUPERUSER,
            "--pwfile=" + superuserPasswordFile(),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            // independent of the locales that the machine has
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8"));
    Process initdb =
        builder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    Processes.closeInput(initdb);
    if (!Processes.waitFor(initdb, START_TIMEOUT) || initdb.exitValue() != 0) {
      initdb.destroyForcibly();
      throw BackendException.withLogs("PostgreSQL's initdb failed.", output);
    }
    Files.writeString(
        unfinished.resolve("postgresql.conf"),
        "\ninclude 'backends.conf'\n",
        StandardOpenOption.APPEND);
    Files.move(unfinished, data, StandardCopyOption.ATOMIC_MOVE);
  }

  private void configure() throws IOException {
    PrivateFiles.write(
        passFile(), String.join(":", host(), Integer.toString(port), NAME, NAME, password) + "\n");
    Map<String, String> parameters = new TreeMap<>();
    parameters.put("listen_addresses", "127.0.0.1");
    parameters.put("port", Integer.toString(port));
    // TCP only: a socket's path is limited to 107 bytes, which the directory can exceed
    parameters.put("unix_socket_directories", "");
    parameters.putAll(settings);
    StringBuilder text = new StringBuilder("# Written at each start\n");
    parameters.forEach(
        (name, value) ->
            text.append(name)
                .append(" = '")
                .append(value.replace("\\", "\\\\").replace("'", "''"))
                .append("'\n"));
    // written over, not replaced: it must keep its owner
    Files.writeString(data.resolve("backends.conf"), text);
    if (Files.exists(log) && Files.size(log) > LOG_BYTES) {
      Files.move(log, directory.resolve("server.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private void launch(Path bin) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(
        List.of(
            "sh",
            "-c",
            SUPERVISOR,
            "sh",
            bin.toString(),
            data.toString(),
            log.toString(),
            Long.toString(START_TIMEOUT.toSeconds()),
            Long.toString(STOP_TIMEOUT.toSeconds())));
    supervisor = builder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String answer =
        new BufferedReader(
                new InputStreamReader(supervisor.getInputStream(), StandardCharsets.UTF_8))
            .readLine();
    postmaster = postmasterOf(data.resolve("postmaster.pid"));
    if (!"started".equals(answer) || postmaster == null) {
      throw BackendException.withLogs("PostgreSQL did not start.", log);
    }
  }

  /** Without the user's own PostgreSQL settings, and with messages that we understand. */
  private ProcessBuilder builder(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    builder.environment().putAll(environment);
    return builder;
  }

  private void createDatabase() throws SQLException {
    try (Connection connection = connect(SUPERUSER, SUPERUSER, superuserPassword);
        Statement statement = connection.createStatement()) {
      if (isEmpty(statement, "SELECT FROM pg_roles WHERE rolname = '" + NAME + "'")) {
        statement.execute("CREATE ROLE " + NAME + " LOGIN PASSWORD '" + password + "'");
      }
      if (isEmpty(statement, "SELECT FROM pg_database WHERE datname = '" + NAME + "'")) {
        statement.execute("CREATE DATABASE " + NAME + " OWNER " + NAME);
      }
    }
  }

  private static boolean isEmpty(Statement statement, String query) throws SQLException {
    try (ResultSet rows = statement.executeQuery(query)) {
      return !rows.next();
    }
  }

  /**
   * Creates a streaming replica, which is not started here. This server must run. It keeps its WAL
   * until the replica has received it.
   *
   * @param replicaDirectory like the directory of this server; must not have data
   * @param primaryPort the port at which the replica finds this server; may be that of a proxy
   * @param name of lower-case letters; what {@code synchronous_standby_names} lists
   */
  public PostgresServer replica(Path replicaDirectory, int primaryPort, String name) {
    Path copy = replicaDirectory.toAbsolutePath().normalize();
    try (Connection connection = connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      Files.createDirectories(copy);
      for (Path file : List.of(passwordFile(), superuserPasswordFile())) {
        Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.COPY_ATTRIBUTES);
      }
      PostgresServer replica = new PostgresServer(copy, distribution, 0);
      // the distribution lacks pg_basebackup
      statement.execute("SELECT pg_create_physical_replication_slot('" + name + "', true)");
      statement.execute("SELECT pg_backup_start('" + name + "', true)");
      copyData(replica.data);
      try (ResultSet stop = statement.executeQuery("SELECT labelfile FROM pg_backup_stop(false)")) {
        stop.next();
        Files.writeString(replica.data.resolve("backup_label"), stop.getString(1));
      }
      Files.createFile(replica.data.resolve("standby.signal"));
      return replica.settings(
          Map.of(
              "primary_slot_name",
              name,
              "primary_conninfo",
              "hostaddr=127.0.0.1 port=%d user=%s password=%s application_name=%s"
                  .formatted(primaryPort, SUPERUSER, superuserPassword, name)));
    } catch (IOException | SQLException e) {
      throw new BackendException("No replica of " + directory + ": " + e.getMessage(), e);
    }
  }

  /** Copies what a base backup contains. Files may change and vanish meanwhile. */
  private void copyData(Path target) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      for (Iterator<Path> rest = files.iterator(); rest.hasNext(); ) {
        Path file = rest.next();
        Path name = data.relativize(file);
        boolean isCopied =
            Files.isDirectory(file)
                ? name.getNameCount() == 1 || !name.startsWith("pg_replslot")
                : Stream.of("pg_wal", "pg_replslot", "postmaster.pid", "postmaster.opts")
                    .noneMatch(name::startsWith);
        if (isCopied) {
          try {
            Files.copy(file, target.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
          } catch (NoSuchFileException e) {
            // it was temporary
          }
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Makes a replica a primary of its own. */
  public synchronized void promote() {
    try (Connection connection = connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      if (isEmpty(statement, "SELECT WHERE pg_promote(true, " + START_TIMEOUT.toSeconds() + ")")) {
        throw new BackendException("The replica in " + directory + " was not promoted.");
      }
    } catch (SQLException e) {
      throw new BackendException("The replica was not promoted: " + e.getMessage(), e);
    }
  }

  /** Stops the server (mode fast): sessions are ended, and nothing is left to recover. */
  public synchronized void stop() {
    stop("fast");
  }

  /** Stops the server without a checkpoint (mode immediate), so that the next start recovers. */
  public synchronized void stopImmediately() {
    stop("immediate");
  }

  private void stop(String mode) {
    if (isRunning()) {
      resume();
      tellSupervisor(mode);
      // covers a second attempt in the other mode
      Processes.waitFor(supervisor, STOP_TIMEOUT.multipliedBy(2));
      if (isRunning()) {
        kill();
      }
    }
    dismissSupervisor();
    unlock();
  }

  /** Kills the server and all its processes (SIGKILL), which simulates a crash. */
  public synchronized void kill() {
    if (isRunning()) {
      // stopped first, so that it starts no new process while they are collected
      Processes.signal("STOP", List.of(postmaster));
      Processes.kill(processes());
    }
    dismissSupervisor();
    unlock();
  }

  /** Pauses all processes (SIGSTOP), which simulates a hanging server. */
  public synchronized void pause() {
    if (isRunning() && pause == null) {
      Processes.signal("STOP", List.of(postmaster));
      pause = Processes.pause(processes());
    }
  }

  /** Resumes the server after {@link #pause()}. */
  public synchronized void resume() {
    if (pause != null) {
      Processes.resume(pause);
      pause = null;
    }
  }

  /**
   * Limits the size of files. PostgreSQL handles the limit like a full disk. Linux only.
   *
   * @param bytes more than the 16 MiB of a WAL segment, without which PostgreSQL cannot continue
   */
  public synchronized void limitFiles(long bytes) {
    Processes.limitFiles(processes(), Long.toString(bytes));
  }

  /** Removes the limit of {@link #limitFiles}. */
  public synchronized void unlimitFiles() {
    Processes.limitFiles(processes(), "unlimited");
  }

  private List<ProcessHandle> processes() {
    List<ProcessHandle> processes = new ArrayList<>(List.of(postmaster));
    postmaster.descendants().forEach(processes::add);
    return processes;
  }

  private void tellSupervisor(String mode) {
    try {
      supervisor.getOutputStream().write((mode + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // it is gone
    }
    Processes.closeInput(supervisor);
  }

  private void dismissSupervisor() {
    resume();
    if (supervisor != null) {
      tellSupervisor("none");
      Processes.waitFor(supervisor, STOP_TIMEOUT);
      supervisor = null;
      postmaster = null;
    }
  }

  private void unlock() {
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }

  /** Stops the server, if it runs. */
  @Override
  public void close() {
    stop();
  }

  /** Returns whether the server's main process exists; it may be paused. */
  public synchronized boolean isRunning() {
    return postmaster != null && Processes.isAlive(postmaster);
  }

  public String host() {
    return "localhost";
  }

  public int port() {
    return port;
  }

  public String database() {
    return NAME;
  }

  /** Returns the file that the server writes its messages to. */
  public Path log() {
    return log;
  }

  /** Returns the role that owns the database. It is not a superuser. */
  public String user() {
    return NAME;
  }

  public String password() {
    return password;
  }

  /** Returns the password of the superuser {@code postgres}. */
  public String superuserPassword() {
    return superuserPassword;
  }

  /** Returns the file with {@link #password()}. */
  Path passwordFile() {
    return directory.resolve(NAME + ".password");
  }

  /** Returns the file with the password in the format of libpq's PGPASSFILE. */
  Path passFile() {
    return directory.resolve("pgpass");
  }

  private Path superuserPasswordFile() {
    return directory.resolve(SUPERUSER + ".password");
  }

  /** Returns the URL without user and password. */
  public String jdbcUrl() {
    return jdbcUrl(NAME);
  }

  private String jdbcUrl(String database) {
    return "jdbc:postgresql://" + host() + ":" + port + "/" + database;
  }

  /**
   * Returns what psql and other programs that use libpq take as an address. It names the file with
   * the password, because a password in an address shows up in process lists and shell histories.
   */
  String uri(Path file) {
    String encoded =
        URLEncoder.encode(file.toString(), StandardCharsets.UTF_8)
            .replace("+", "%20")
            .replace("%2F", "/");
    return "postgresql://" + NAME + "@" + host() + ":" + port + "/" + NAME + "?passfile=" + encoded;
  }

  /** Opens a connection as the owner of the database. The caller closes it. */
  public Connection connect() throws SQLException {
    return connect(NAME, NAME, password);
  }

  /** Opens a connection to the same database as superuser. The caller closes it. */
  public Connection connectAsSuperuser() throws SQLException {
    return connect(NAME, SUPERUSER, superuserPassword);
  }

  private Connection connect(String name, String role, String rolePassword) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", role);
    properties.setProperty("password", rolePassword);
    // Inside Maven, DriverManager only knows the drivers of another class loader.
    return new Driver().connect(jdbcUrl(name), properties);
  }

  /** Returns the content of the file, which is created with a random password if missing. */
  private static String secret(Path file) throws IOException {
    if (!Files.exists(file)) {
      String characters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
      StringBuilder text = new StringBuilder();
      new SecureRandom()
          .ints(24, 0, characters.length())
          .mapToObj(characters::charAt)
          .forEach(text::append);
      PrivateFiles.write(file, text.toString());
    }
    return Files.readString(file).strip();
  }
}
