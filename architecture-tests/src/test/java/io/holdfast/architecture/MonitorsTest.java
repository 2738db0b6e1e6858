package io.holdfast.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

class MonitorsTest {
  @Test
  void noMainCodeHasASynchronizedBlock() {
    assertThat(Monitors.enteredIn(MainCode.classes()))
        .as("a virtual thread that waits in one keeps its carrier thread; use a Lock")
        .isEmpty();
  }

  @Test
  void aSynchronizedBlockIsFound() {
    JavaClasses fixture = new ClassFileImporter().importClasses(HasMonitor.class, Plain.class);

    assertThat(Monitors.enteredIn(fixture))
        .singleElement()
        .asString()
        .contains("HasMonitor")
        .contains("countUp");
  }

  static final class HasMonitor {
    private int count;

    int countUp() {
      synchronized (this) {
        return ++count;
      }
    }
  }

  static final class Plain {
    int one() {
      return 1;
    }
  }
}
