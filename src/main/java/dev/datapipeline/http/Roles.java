package dev.datapipeline.http;

/** What somebody may do. A group of the server's registry is the role of the same name. */
public final class Roles {
  /** May write and control. */
  public static final String OPERATOR = "operator";

  private Roles() {}
}
