package dev.datapipeline.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.datapipeline.storage.read.RawEvent;
import jakarta.enterprise.context.Dependent;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import java.io.File;
import java.util.List;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Reads stored events through Jakarta Persistence, inside the server. */
@ExtendWith(ArquillianExtension.class)
class RawEventIT {
  @Inject private Reader reader;

  /** Arquillian injects only CDI beans into the test itself. */
  @Dependent
  static class Reader {
    @PersistenceContext(unitName = "datapipeline-api")
    private EntityManager entityManager;

    List<RawEvent> newest(int max) {
      return entityManager
          .createQuery("SELECT e FROM RawEvent e ORDER BY e.id DESC", RawEvent.class)
          .setMaxResults(max)
          .getResultList();
    }
  }

  @Deployment
  static WebArchive application() {
    return ShrinkWrap.createFromZipFile(WebArchive.class, new File("target/datapipeline.war"))
        .addClasses(RawEventIT.class, Reader.class);
  }

  @Test
  void storedEventsAreReadAsEntities() throws InterruptedException {
    List<RawEvent> events = List.of();
    for (int attempt = 0; events.size() < 3 && attempt < 600; attempt++) {
      Thread.sleep(100); // Awaitility is not deployed
      events = reader.newest(3);
    }

    assertEquals(3, events.size());
    for (RawEvent event : events) {
      assertTrue(event.getId() > 0);
      assertTrue(event.getTimestamp().getYear() > 2000);
      assertTrue(event.getTopicPartitionId() > 0);
      assertTrue(event.getKafkaOffset() >= 0);
      assertTrue(event.getPayload().strip().length() > 0);
    }
  }
}
