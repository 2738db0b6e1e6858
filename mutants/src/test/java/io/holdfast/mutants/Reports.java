package io.holdfast.mutants;

import java.lang.reflect.Method;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reports of the CMDB, as some classes make them. */
final class Reports {

  private Reports() {}

  /** Of the machine with this serial number, of one attribute. */
  static Object of(
      ClassLoader classes, String source, Instant observedAt, String serial, String says)
      throws ReflectiveOperationException {
    Class<?> key = classes.loadClass("io.holdfast.cmdb.report.Key");
    Class<?> kind = classes.loadClass("io.holdfast.cmdb.report.Key$Kind");
    Class<?> value = classes.loadClass("io.holdfast.cmdb.report.Value");
    Method reportOf =
        classes
            .loadClass("io.holdfast.cmdb.report.Report")
            .getMethod("of", String.class, Instant.class, Collection.class, Map.class);
    Optional<?> kindOfSerial =
        (Optional<?>) kind.getMethod("of", String.class).invoke(null, "serial");
    Optional<?> machine =
        (Optional<?>)
            key.getMethod("of", kind, String.class)
                .invoke(null, kindOfSerial.orElseThrow(), serial);
    Object said = value.getMethod("of", String.class).invoke(null, says);
    return reportOf.invoke(
        null, source, observedAt, List.of(machine.orElseThrow()), Map.of("os.name", said));
  }
}
