package io.holdfast.cli.race;

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
    Caretaker caretaker = Caretaker.start();
    cleanup.later(caretaker::close); // first of all, so that nobody writes any more
    List<Actor> actors = actors(servers, caretaker);
    List<Outcome> outcomes = new ArrayList<>();
    for (Method method : Method.values()) {
      Director director = new Director(actors, () -> arena.removeLock(method), plan);
      Tally tally = director.run(method, progress);
      outcomes.add(tally.against(method, arena.recorded(method)));
    }
    return outcomes;
  }

  private List<Actor> actors(Servers servers, Caretaker caretaker)
      throws RaceException, InterruptedException {
    progress.at("starting %d workers".formatted(plan.workers()));
    List<Actor> actors = new ArrayList<>();
    for (int number = 0; number < plan.workers(); number++) {
      int own = number;
      actors.add(new Actor(() -> worker(own, servers, caretaker), plan.lease().multipliedBy(2)));
    }
    for (Actor actor : actors) {
      actor.isThere();
    }
    return actors;
  }

  private WorkerProcess worker(int number, Servers servers, Caretaker caretaker)
      throws RaceException, InterruptedException {
    String host = caretaker.folder().resolve("host-" + (number % 2) + ".lock").toString();
    WorkerProcess worker =
        WorkerProcess.start(
            number, caretaker, List.of(run, host, Long.toString(plan.lease().toMillis())));
    worker.order("connect", servers.store().url(), servers.database().url());
    return worker;
  }
}
