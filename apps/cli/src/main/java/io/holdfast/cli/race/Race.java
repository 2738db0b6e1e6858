package io.holdfast.cli.race;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/** One race from its servers to its outcomes. For the thread that its workers may live as long as. */
final class Race {

  private final Plan plan;
  private final Director.Progress progress;
  private final Cleanup cleanup;
  private final String run =
      "holdfast_race_%08x".formatted(ThreadLocalRandom.current().nextInt());

  Race(Plan plan, Director.Progress progress, Cleanup cleanup) {
    this.plan = plan;
    this.progress = progress;
    this.cleanup = cleanup;
  }

  List<Outcome> run(Servers servers) throws RaceException, InterruptedException {
    Path folder = folder();
    Arena arena = Arena.open(servers, run, cleanup);
    List<Actor> actors = actors(servers, folder);
    List<Outcome> outcomes = new ArrayList<>();
    for (Method method : Method.values()) {
      Director director = new Director(actors, () -> arena.removeLock(method), plan);
      Tally tally = director.run(method, progress);
      outcomes.add(tally.against(method, arena.recorded(method)));
    }
    return outcomes;
  }

  private Path folder() throws RaceException {
    try {
      Path folder = Files.createTempDirectory("holdfast-race-");
      cleanup.later(() -> remove(folder));
      return folder;
    } catch (IOException e) {
      throw RaceException.broken("no folder for the race: " + e.getMessage());
    }
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private List<Actor> actors(Servers servers, Path folder)
      throws RaceException, InterruptedException {
    progress.at("starting %d workers".formatted(plan.workers()));
    List<Actor> actors = new ArrayList<>();
    for (int number = 0; number < plan.workers(); number++) {
      int own = number;
      actors.add(new Actor(() -> worker(own, servers, folder), plan.lease().multipliedBy(2)));
    }
    for (Actor actor : actors) {
      actor.isThere();
    }
    return actors;
  }

  private WorkerProcess worker(int number, Servers servers, Path folder) throws RaceException {
    String host = folder.resolve("host-" + (number % 2) + ".lock").toString();
    WorkerProcess worker =
        WorkerProcess.start(
            number, folder, List.of(run, host, Long.toString(plan.lease().toMillis())));
    cleanup.later(worker::close);
    worker.order("connect", servers.store().url(), servers.database().url());
    return worker;
  }
}
