package dev.datapipeline.security;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.security.enterprise.authentication.mechanism.http.BasicAuthenticationMechanismDefinition;

/** Who is who: callers say so with HTTP Basic, and a group of the registry is a role. */
@BasicAuthenticationMechanismDefinition(realmName = "datapipeline")
@ApplicationScoped
public class Roles {
  /** May write and control. */
  public static final String OPERATOR = "operator";
}
