package io.holdfast.cli;

import io.holdfast.Guarantees;
import io.holdfast.Guarantees.TokenSource;
import io.holdfast.Locks;
import java.time.Duration;

/** {@link Guarantees} as rows of a Markdown table. */
final class GuaranteesTable {

  static final String HEAD =
      "| URL | store | order of waiters | woken by a release | tokens from | `tokenAbove` |"
          + " exclusion in a failover | a silent holder's lock ends | `keepFor` |\n"
          + "|---|---|---|---|---|---|---|---|---|";

  private GuaranteesTable() {}

  static String row(String url, Locks locks) {
    Guarantees says = locks.guarantees();
    return "| `%s` | %s | %s | %s | %s | %s | %s | %s | %s |"
        .formatted(
            url,
            says.store(),
            says.fair() ? "first come, first served" : "none",
            yesOrNo(says.tellsOfRelease()),
            says.tokenSource() == TokenSource.REVISION ? "revision on a base" : "the store's clock",
            yesOrNo(says.raisesTokens()),
            yesOrNo(says.survivesFailover()),
            end(says),
            yesOrNo(says.keeps()));
  }

  private static String yesOrNo(boolean isSo) {
    return isSo ? "yes" : "no";
  }

  private static String end(Guarantees says) {
    String with =
        says.sessionFor().isPresent()
            ? "with its session"
            : says.endsByItself() ? "with its lease" : "with its process only";
    Duration late = says.granularity();
    return late.isZero() ? with : with + " + " + late.toMillis() + " ms";
  }
}
