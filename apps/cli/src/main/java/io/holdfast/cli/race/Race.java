package io.holdfast.cli.race;

import io.holdfast.embedded.EmbeddedServerException;
import io.holdfast.embedded.TemporaryFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** One race from its servers to its outcomes. */
final class Race {

  private final Plan plan;
  private final Director.Progress progress;
  private final Cleanup cleanup;
  private final String run = "holdfast_race_%08x".formatted(ThreadLocalRandom.current().nextInt());

  Race(Plan plan, Director.Progress progress, Cleanup cleanup) {
    this.plan = plan;
    this.progress = progress;
    this.cleanup = cleanup;
  }

  List<Outcome> run(Servers servers) throws RaceException, InterruptedException {
    Arena arena = Arena.open(servers, run, cleanup);
    TemporaryFolder folder = folder();
    cleanup.later(folder::close);
    List<Actor> actors = actors(servers, folder.path());
    List<Outcome> outcomes = new ArrayList<>();
    for (Method method : Method.values()) {
      Director director = new Director(actors, () -> arena.removeLock(method), plan);
      Tally tally = director.run(method, progress);
      outcomes.add(tally.against(method, arena.recorded(method)));
    }
    return outcomes;
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

  private static TemporaryFolder folder() throws RaceException {
    try {
      return TemporaryFolder.create("holdfast-race-");
    } catch (EmbeddedServerException e) {
      throw RaceException.broken("the race needs a folder: " + e.getMessage());
    }
  }

  private WorkerProcess worker(int number, Servers servers, Path folder)
      throws RaceException, InterruptedException {
    String host = folder.resolve("host-" + (number % 2) + ".lock").toString();
    WorkerProcess worker =
        WorkerProcess.start(number, List.of(run, host, Long.toString(plan.lease().toMillis())));
    cleanup.later(worker::close); // before all that was opened earlier: nobody writes any more
    worker.order("connect", servers.redis().url(), servers.store().url(), servers.database().url());
    return worker;
  }
}
