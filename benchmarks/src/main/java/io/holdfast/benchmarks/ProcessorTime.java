package io.holdfast.benchmarks;

import java.time.Duration;
import java.util.Collection;
import java.util.stream.Stream;

/** What processes have computed up to now, as far as they live. */
final class ProcessorTime {

  private ProcessorTime() {}

  /** Of this JVM, and of these servers with the processes that they started. */
  static Duration withServers(Collection<Long> pids) {
    return Stream.concat(
            Stream.of(ProcessHandle.current()),
            pids.stream()
                .flatMap(pid -> ProcessHandle.of(pid).stream())
                .flatMap(server -> Stream.concat(Stream.of(server), server.descendants())))
        .flatMap(process -> process.info().totalCpuDuration().stream())
        .reduce(Duration.ZERO, Duration::plus);
  }
}
