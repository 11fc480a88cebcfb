package dev.datapipeline.config;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.spi.BeforeBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;
import java.util.logging.Logger;

/**
 * Stops the application from starting if a setting is invalid, and logs one line that names it. A
 * CDI extension runs before any channel, timer or connection is created.
 */
public class ConfigurationCheck implements Extension {
  private static final Logger LOG = Logger.getLogger(ConfigurationCheck.class.getName());

  void check(@Observes BeforeBeanDiscovery event) {
    try {
      Configuration.check();
    } catch (InvalidSettingException e) {
      LOG.severe(e.getMessage() + ". The application does not start.");
      throw e;
    }
  }
}
