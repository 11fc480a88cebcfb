package dev.datapipeline.backends;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever ends the JVM that started them, the backends and the guarded server end too, and no data
 * are lost.
 */
class BackendsOutliveNobodyIT {
  private static final Path DIRECTORY = Path.of("target", "backends-outlive-nobody");
  private static final Path PROPERTIES = DIRECTORY.resolve("backends.properties");
  private static final Path OUTPUT = DIRECTORY.resolve("output.txt");

  /** A link to the runtime that the build unpacked, so that no other server of it is in reach. */
  private static final Path RUNTIME = DIRECTORY.resolve("wlp").toAbsolutePath();

  private static final Path USER_DIRECTORY = DIRECTORY.resolve("usr").toAbsolutePath();
  private static final String SERVER = "guarded";

  private Process starter;
  private Properties environment;

  @BeforeEach
  void startWithoutData() throws Exception {
    PostgresDistribution.deleteTree(DIRECTORY);
    Files.createDirectories(DIRECTORY);
    start();
  }

  @AfterEach
  void stop() throws Exception {
    starter.destroyForcibly().waitFor();
    awaitBackendsGone();
  }

  @Test
  void theyStopCleanlyWhenTheirStarterIsKilledAndTheirDataSurvive() throws Exception {
    execute("CREATE TABLE kept (x int)");
    createTopic("kept");

    starter.destroyForcibly().waitFor(); // kill -9
    awaitBackendsGone();

    assertThat(DIRECTORY.resolve("postgres/server.log"))
        .content()
        .contains("received fast shutdown request", "database system is shut down");
    start();
    execute("SELECT x FROM kept");
    assertThat(topics()).contains("kept");
  }

  @Test
  void theyStopEvenWhenTheyHangWhileTheirStarterIsKilled() throws Exception {
    starter.destroy();
    starter.waitFor();
    awaitBackendsGone();
    start(PausingStarter.class);

    starter.destroyForcibly().waitFor();

    awaitBackendsGone();
  }

  @ParameterizedTest
  @ValueSource(strings = {"KILL", "TERM", "HUP"})
  void theServerStopsCleanlyWhateverSignalEndsItsStarter(String signal) throws Exception {
    assumeFalse(
        signal.equals("HUP") && hangupsAreIgnored(), "SIGHUP is ignored, as nohup wants it");
    starter.destroy();
    starter.waitFor();
    awaitBackendsGone();
    start(ServingStarter.class);
    Path messages = USER_DIRECTORY.resolve("servers").resolve(SERVER).resolve("logs/messages.log");
    assertThat(ServerGuard.processes(ServingStarter.directory())).isNotEmpty();

    Processes.signal(signal, List.of(starter.toHandle()));

    // a server waits for up to 30 seconds for what it does
    assertThat(starter.waitFor(90, TimeUnit.SECONDS)).isTrue();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> ServerGuard.processes(ServingStarter.directory()).isEmpty());
    assertThat(messages).content().contains("CWWKE0036I"); // "The server … stopped"
    awaitBackendsGone();
  }

  @Test
  void aSignalFromTheTerminalIsLeftToTheirStarter() throws Exception {
    Processes.signal("INT", starter.children().toList());

    execute("SELECT 1");
    assertThat(topics()).isEmpty();
    assertThat(starter.children().filter(Processes::isAlive)).hasSize(2);
  }

  @Test
  void aSecondRunOnTheSameDirectoryIsRefused() throws Exception {
    Process second =
        java(Backends.class, "--directory", DIRECTORY.toString()).redirectErrorStream(true).start();

    String output = new String(second.getInputStream().readAllBytes());

    assertThat(second.waitFor()).isNotZero();
    assertThat(output)
        .contains("Another run (process " + starter.pid() + ") already uses ")
        .doesNotContain("Starting");
  }

  /** Returns whether this process, and so every one that it starts, ignores SIGHUP. */
  private static boolean hangupsAreIgnored() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("SigIgn:"))
          .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 1) != 0);
    }
  }

  /** Starts the backends, and stops both where they are. */
  static final class PausingStarter {
    public static void main(String[] args) throws Exception {
      try (Backends backends = new Backends(DIRECTORY, 0, 0)) {
        backends.start(System.out);
        Properties properties = new Properties();
        backends.environment().forEach((k, v) -> properties.setProperty("liberty.env." + k, v));
        backends.postgres().pause();
        backends.kafka().pause();
        try (var writer = Files.newBufferedWriter(PROPERTIES)) {
          properties.store(writer, null);
        }
        System.out.println("Ctrl-C stops both.");
        Thread.sleep(Duration.ofMinutes(5).toMillis());
      }
    }
  }

  /** Starts the backends, and a server without an application, as {@code mvn} does. */
  static final class ServingStarter {
    public static void main(String[] args) throws Exception {
      Files.deleteIfExists(RUNTIME);
      Files.createSymbolicLink(RUNTIME, Path.of("target/liberty/wlp").toAbsolutePath());
      Path server = Files.createDirectories(USER_DIRECTORY.resolve("servers").resolve(SERVER));
      Files.writeString(server.resolve("server.xml"), "<server/>");
      Backends.main(arguments("--server", directory().toString()));
      ProcessBuilder command =
          new ProcessBuilder(RUNTIME.resolve("bin/server").toString(), "run", SERVER);
      command.environment().put("WLP_USER_DIR", USER_DIRECTORY.toString());
      command.environment().put("JAVA_HOME", System.getProperty("java.home"));
      try (BufferedReader lines = command.redirectErrorStream(true).start().inputReader()) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          System.out.println(line);
          if (line.contains("CWWKF0011I")) { // "The server is ready …"
            System.out.println("Ctrl-C stops both.");
          }
        }
      }
    }

    static Path directory() {
      return RUNTIME.resolve("usr/servers").resolve(SERVER);
    }
  }

  private void start() throws Exception {
    start(Backends.class, arguments("--wait"));
  }

  private static String[] arguments(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--directory",
                DIRECTORY.toString(),
                "--postgres-port",
                "0",
                "--kafka-port",
                "0",
                "--properties",
                PROPERTIES.toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private void start(Class<?> main, String... arguments) throws Exception {
    starter =
        java(main, arguments).redirectErrorStream(true).redirectOutput(OUTPUT.toFile()).start();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> !starter.isAlive() || Files.readString(OUTPUT).contains("Ctrl-C stops"));
    assertThat(starter.isAlive()).as(Files.readString(OUTPUT)).isTrue();
    environment = new Properties();
    try (var reader = Files.newBufferedReader(PROPERTIES)) {
      environment.load(reader);
    }
  }

  private static ProcessBuilder java(Class<?> main, String... arguments) throws IOException {
    Path file = DIRECTORY.resolve("starter.args");
    ClassPath.writeArguments(file);
    List<String> command = new ArrayList<>(List.of(ClassPath.java(), "@" + file, main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }

  private void awaitBackendsGone() {
    int postgres = Integer.parseInt(get("DB_PORT"));
    int kafka = Integer.parseInt(get("KAFKA_BOOTSTRAP_SERVERS").split(":")[1]);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> !Ports.accepts("localhost", postgres) && !Ports.accepts("localhost", kafka));
    // a port is closed a moment before its process ends
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> ProcessHandle.allProcesses().noneMatch(BackendsOutliveNobodyIT::isBackend));
  }

  private static boolean isBackend(ProcessHandle process) {
    String data = DIRECTORY.toAbsolutePath().toString();
    return Processes.isAlive(process) && process.info().commandLine().orElse("").contains(data);
  }

  private String get(String name) {
    return environment.getProperty("liberty.env." + name);
  }

  private void execute(String sql) throws SQLException {
    String url =
        "jdbc:postgresql://" + get("DB_HOST") + ":" + get("DB_PORT") + "/" + get("DB_NAME");
    try (Connection connection =
            DriverManager.getConnection(url, get("DB_USER"), get("DB_PASSWORD"));
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private void createTopic(String name) throws Exception {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all().get(10, TimeUnit.SECONDS);
    }
  }

  private Set<String> topics() throws Exception {
    try (Admin admin = admin()) {
      return admin.listTopics().names().get(10, TimeUnit.SECONDS);
    }
  }

  private Admin admin() {
    return Admin.create(Map.of("bootstrap.servers", get("KAFKA_BOOTSTRAP_SERVERS")));
  }
}
