package dev.datapipeline.http;

import java.util.Set;

/**
 * Somebody whose credentials were accepted.
 *
 * @param name the user's name
 * @param roles may be empty
 */
record Caller(String name, Set<Role> roles) {

  boolean may(Role required) {
    return roles.stream().anyMatch(role -> role.includes(required));
  }
}
