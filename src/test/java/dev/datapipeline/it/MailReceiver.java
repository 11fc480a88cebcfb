package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A mail server that accepts every message and every password. Close it. */
final class MailReceiver implements AutoCloseable {
  private final ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

  MailReceiver() throws IOException {
    Thread thread = new Thread(this::serve, "mail receiver");
    thread.setDaemon(true);
    thread.start();
  }

  int port() {
    return socket.getLocalPort();
  }

  /** The messages that arrived, each with the commands before it and the credentials in clear. */
  BlockingQueue<String> messages() {
    return messages;
  }

  private void serve() {
    while (!socket.isClosed()) {
      try (Socket client = socket.accept()) {
        client.setSoTimeout(30_000);
        converse(client);
      } catch (IOException e) {
        // the client has gone, or this is the end; the next one is welcome
      }
    }
  }

  private void converse(Socket client) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
    PrintWriter out = new PrintWriter(client.getOutputStream(), false, UTF_8);
    StringBuilder message = new StringBuilder();
    answer(out, "220 mail receiver");
    for (String line; (line = in.readLine()) != null; ) {
      message.append(line).append('\n');
      if (line.startsWith("EHLO")) {
        answer(out, "250-mail receiver\r\n250 AUTH PLAIN");
      } else if (line.startsWith("AUTH PLAIN ")) {
        String[] login =
            new String(Base64.getDecoder().decode(line.substring(11)), UTF_8).split("\0");
        message.append("user %s%n%s%n".formatted(login[1], login[2]));
        answer(out, "235 ok");
      } else if (line.equals("DATA")) {
        answer(out, "354 go on");
        while ((line = in.readLine()) != null && !line.equals(".")) {
          message.append(line).append('\n');
        }
        messages.add(message.toString());
        answer(out, "250 ok");
      } else if (line.equals("QUIT")) {
        answer(out, "221 bye");
        return;
      } else {
        answer(out, "250 ok");
      }
    }
  }

  private static void answer(PrintWriter out, String text) {
    out.print(text + "\r\n");
    out.flush();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
