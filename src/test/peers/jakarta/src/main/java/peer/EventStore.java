package peer;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.transaction.Transactional;

/** Stores one event in one transaction. */
@ApplicationScoped
public class EventStore {
  @PersistenceContext private EntityManager entities;

  @Transactional
  public void store(Event event) {
    entities.persist(event);
  }
}
