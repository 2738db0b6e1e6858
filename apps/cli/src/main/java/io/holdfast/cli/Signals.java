package io.holdfast.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.Consumer;

/**
 * The signals of this process. The JVM's own answer to INT, TERM and HUP, its shutdown hooks, is of
 * no use here: a hook does not learn which signal came and cannot choose the exit code. So this is
 * {@code sun.misc.Signal}, of the supported module jdk.unsupported; by reflection, because javac
 * warns of it in a way that no annotation silences.
 */
final class Signals {
  private Signals() {}

  /** A signal that came: its name without SIG, and its number. */
  record Signal(String name, int number) {}

  /**
   * From now on gives these signals to the receiver, on a thread of their own, in place of their
   * usual effect. INT, TERM and HUP that were ignored from the start, as by nohup, stay ignored.
   */
  static void take(List<String> names, Consumer<Signal> receiver) {
    try {
      Class<?> signalType = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Method nameOf = signalType.getMethod("getName");
      Method numberOf = signalType.getMethod("getNumber");
      Method handle = signalType.getMethod("handle", signalType, handlerType);
      Object handler =
          Proxy.newProxyInstance(
              Signals.class.getClassLoader(),
              new Class<?>[] {handlerType},
              (proxy, method, args) -> {
                Object signal = args[0];
                receiver.accept(
                    new Signal((String) nameOf.invoke(signal), (int) numberOf.invoke(signal)));
                return null;
              });
      for (String name : names) {
        handle.invoke(null, signalType.getConstructor(String.class).newInstance(name), handler);
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("This JVM lets no signal be taken; was it given -Xrs?", e);
    }
  }
}
