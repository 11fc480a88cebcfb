package dev.datapipeline.http;

/** The roles of callers. Each role is the group of the same name in the server's user registry. */
public final class Roles {
  /** May post events and use the controls. */
  public static final String OPERATOR = "operator";

  private Roles() {}
}
