package io.holdfast.etcd;

import io.holdfast.embedded.EmbeddedEtcd;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips a test class, and says so once, where there is no etcd on {@code PATH}. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsEtcd.Condition.class)
@interface NeedsEtcd {

  /** What decides. */
  final class Condition implements ExecutionCondition {
    private static final String REASON =
        "SKIPPED: no etcd on PATH (Debian: apt-get install etcd-server), so nothing of etcd is tested";
    private static final AtomicBoolean SAID = new AtomicBoolean();

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      if (EmbeddedEtcd.isInstalled()) {
        return ConditionEvaluationResult.enabled("etcd is on PATH");
      }
      if (SAID.compareAndSet(false, true)) {
        System.out.println(REASON);
      }
      return ConditionEvaluationResult.disabled(REASON);
    }
  }
}
