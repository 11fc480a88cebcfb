package dev.datapipeline.http;

import dev.datapipeline.failure.OutageException;

/** The server's user registry, such as a directory, can't be asked now. */
final class RegistryUnavailableException extends OutageException {
  private static final long serialVersionUID = 1L;

  RegistryUnavailableException(Exception cause) {
    super("the user registry does not answer", cause);
  }
}
