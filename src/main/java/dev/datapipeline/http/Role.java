package dev.datapipeline.http;

import java.util.Locale;

/** What a caller may do. Each role is a group of the same name in the server's user registry. */
enum Role {
  /** May read. */
  READER,
  /** May post events, and nothing else. */
  PRODUCER,
  /** May do everything. */
  OPERATOR;

  /** Returns the name of the group, which is also the name in tokens. */
  String group() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns whether a caller with this role may do what requires the other one. */
  boolean includes(Role other) {
    return this == OPERATOR || this == other;
  }
}
