package io.holdfast.cli.race;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs one method: rounds of all workers merging as they please, and after each round the method's
 * scenes.
 *
 * @param actors the workers; those with an even number live on one host, the others on another
 * @param store where a lock is removed by hand
 * @param plan how long and how hard
 */
record Director(List<Actor> actors, Cast.StoreByHand store, Plan plan) {

  /** A scene is spoiled only by a machine that stands still, and that does not do so every time. */
  private static final int TRIES = 20;

  /** Is told where the race is. */
  interface Progress {
    void at(String place);
  }

  Tally run(Method method, Progress progress) throws RaceException, InterruptedException {
    Tally tally = new Tally();
    for (Actor actor : actors) {
      actor.follows(method, tally);
    }
    long start = System.nanoTime();
    int round = 0;
    do {
      round++;
      progress.at("%s, round %d of %d".formatted(method.label(), round, plan.rounds()));
      runFreely();
      for (Scene scene : method.scenes()) {
        play(method, scene, cast(round));
      }
    } while (round < plan.rounds() && thereIsTime(System.nanoTime() - start, round));
    return tally;
  }

  private boolean thereIsTime(long spentNanos, int onRounds) {
    return spentNanos / onRounds * (onRounds + 1) <= plan.methodLasts().toNanos();
  }

  private void runFreely() throws RaceException, InterruptedException {
    for (Actor actor : actors) {
      actor.runsFreely(plan.merges(), plan.roundLasts());
    }
    for (Actor actor : actors) {
      actor.hasRunFreely();
    }
  }

  private void play(Method method, Scene scene, Cast cast)
      throws RaceException, InterruptedException {
    for (int i = 0; i < TRIES; i++) {
      boolean asMeant = scene.play(cast);
      for (Actor actor : actors) {
        actor.isLetGo();
      }
      for (Actor actor : actors) {
        actor.ends();
      }
      if (asMeant) {
        return;
      }
    }
    throw RaceException.broken(
        "%s: the scene %s did not come about in %d tries; is the machine overloaded?"
            .formatted(method.label(), scene, TRIES));
  }

  /** Everybody gets every part in turn; the second always comes from the other host. */
  private Cast cast(int round) {
    List<Actor> order = new ArrayList<>();
    for (int i = 0; i < actors.size(); i++) {
      order.add(actors.get((round + i) % actors.size()));
    }
    Actor first = order.get(0);
    Actor second =
        order.stream()
            .filter(actor -> actor.number() % 2 != first.number() % 2)
            .findFirst()
            .orElseThrow();
    order.remove(second);
    order.add(1, second);
    return new Cast(order, store);
  }
}
