package dev.datapipeline.config;

import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.spi.BeforeBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;
import java.util.logging.Logger;

/**
 * Stops the start for a setting that cannot be used, before any channel, timer or connection
 * exists, with one line that names it.
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
