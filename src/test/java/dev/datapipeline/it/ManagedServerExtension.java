package dev.datapipeline.it;

import dev.datapipeline.backends.Ports;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jboss.arquillian.config.descriptor.api.ArquillianDescriptor;
import org.jboss.arquillian.core.api.annotation.Observes;
import org.jboss.arquillian.core.spi.LoadableExtension;

/**
 * Starts the broker and the database and prepares the server before Arquillian starts it. All of
 * them use free ports, which are known only then.
 */
public class ManagedServerExtension implements LoadableExtension {

  @Override
  public void register(ExtensionBuilder builder) {
    builder.observer(Preparation.class);
  }

  /** Prepares the server as soon as Arquillian has read its configuration. */
  public static class Preparation {

    void prepare(@Observes(precedence = 100) ArquillianDescriptor descriptor) {
      Map<String, String> environment = new LinkedHashMap<>(TestBackends.get().environment());
      environment.put("HTTP_PORT", Integer.toString(ManagedServer.HTTP_PORT));
      environment.put("PRODUCER_INTERVAL", "PT0.2S");
      ServerDirectory directory = new ServerDirectory(ManagedServer.NAME);
      directory.withoutApplication();
      directory.addEnvironment(environment);
      directory.override(
          "arquillian.xml",
          "<featureManager><feature>localConnector-1.0</feature></featureManager>"
              + "<applicationMonitor updateTrigger=\"mbean\"/>");
    }
  }

  /** The server that Arquillian starts and deploys to. */
  static final class ManagedServer {
    static final String NAME = "managedServer" + TestBackends.FORK;
    static final int HTTP_PORT = Ports.free();

    private ManagedServer() {}
  }
}
