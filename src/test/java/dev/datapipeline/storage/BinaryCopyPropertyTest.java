package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

/** What holds for every row that is copied. */
class BinaryCopyPropertyTest {
  /** A row with a value of each kind. */
  private record Row(int number, long offset, byte[] payload, String text) {}

  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  /** A connection whose COPY is recorded. */
  private Connection connection() {
    CopyIn copy =
        proxy(
            CopyIn.class,
            (object, method, arguments) -> {
              if (method.getName().equals("writeToCopy")) {
                sent.write((byte[]) arguments[0], (int) arguments[1], (int) arguments[2]);
                return null;
              }
              return method.getName().equals("endCopy") ? (Object) 1L : (Object) false;
            });
    CopyManager manager;
    try {
      manager =
          new CopyManager(proxy(org.postgresql.core.BaseConnection.class, (o, m, a) -> null)) {
            @Override
            public CopyIn copyIn(String sql) {
              return copy;
            }
          };
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    PGConnection postgres = proxy(PGConnection.class, (object, method, arguments) -> manager);
    return proxy(Connection.class, (object, method, arguments) -> postgres);
  }

  @Provide
  Arbitrary<List<Row>> rows() {
    Arbitrary<byte[]> payloads =
        Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(20, Arbitraries.integers().between(0, 50)),
                // around the size of the buffer
                net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(65_400, 65_600)))
            .map(
                size -> {
                  byte[] bytes = new byte[size];
                  for (int i = 0; i < size; i++) {
                    bytes[i] = (byte) (i * 31 + size);
                  }
                  return bytes;
                })
            .injectNull(0.1);
    return Combinators.combine(
            Arbitraries.integers(),
            Arbitraries.longs(),
            payloads,
            Arbitraries.strings().ofMaxLength(10).injectNull(0.1))
        .as(Row::new)
        .list()
        .ofMaxSize(30);
  }

  /** Reads the format that PostgreSQL's documentation of COPY describes. */
  @Property(tries = 500)
  void whatIsCopiedCanBeReadBack(@ForAll("rows") List<Row> rows) throws SQLException, IOException {
    sent.reset();
    BinaryCopy copy = new BinaryCopy();
    copy.begin(connection(), "t (a, b, c, d)");
    for (Row row : rows) {
      copy.row(4);
      copy.integer(row.number());
      copy.bigint(row.offset());
      copy.bytes(row.payload());
      copy.text(row.text());
    }
    copy.finish();

    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(sent.toByteArray()))) {
      assertThat(in.readNBytes(11))
          .isEqualTo("PGCOPY\n\377\r\n\0".getBytes(StandardCharsets.ISO_8859_1));
      assertThat(in.readInt()).as("flags").isZero();
      assertThat(in.readInt()).as("header extension").isZero();
      for (Row row : rows) {
        assertThat(in.readShort()).isEqualTo((short) 4);
        assertThat(in.readInt()).isEqualTo(4);
        assertThat(in.readInt()).isEqualTo(row.number());
        assertThat(in.readInt()).isEqualTo(8);
        assertThat(in.readLong()).isEqualTo(row.offset());
        assertThat(field(in)).isEqualTo(row.payload());
        assertThat(field(in))
            .isEqualTo(row.text() == null ? null : row.text().getBytes(StandardCharsets.UTF_8));
      }
      assertThat(in.readShort()).as("end").isEqualTo((short) -1);
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  private static byte[] field(DataInputStream in) throws IOException {
    int length = in.readInt();
    return length < 0 ? null : in.readNBytes(length);
  }

  @Property
  void timestampsKeepTheirOrder(@ForAll long one, @ForAll long other) {
    List<Long> times = new ArrayList<>(List.of(one, other));
    times.sort(null);

    assertThat(BinaryCopy.postgresMicros(times.get(0)))
        .isLessThanOrEqualTo(BinaryCopy.postgresMicros(times.get(1)));
  }

  @Property
  void timestampsOfRealEventsAreExact(@ForAll @LongRange(max = 253_402_300_799_999L) long millis) {
    assertThat(BinaryCopy.postgresMicros(millis) / 1000 + 946_684_800_000L).isEqualTo(millis);
  }
}
