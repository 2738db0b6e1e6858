package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acknowledged;
import io.holdfast.testkit.history.Event.Content;
import io.holdfast.testkit.history.Event.Write;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** C4: what was acknowledged, what was written, and what is there in the end. */
final class NoLostUpdate {

  private final Resource resource;
  private final Findings found;
  private final Map<String, Write> writes = new LinkedHashMap<>();

  private NoLostUpdate(Resource resource, Findings found) {
    this.resource = resource;
    this.found = found;
  }

  static void check(Run run, Findings found) {
    for (Resource resource : run.resources()) {
      new NoLostUpdate(resource, found).check();
    }
  }

  private void check() {
    checkPath();
    checkAcknowledgements();
    Content content = resource.content();
    if (content != null) {
      checkContent(content);
    }
  }

  private void checkPath() {
    @Nullable Write last = null;
    for (Write write : resource.accepted()) {
      Write twin = writes.putIfAbsent(write.id(), write);
      if (twin != null) {
        add("%s was written twice".formatted(write.id()), twin, write);
      }
      if (last != null && write.versionRead() != last.versionRead() + 1) {
        add(
            "%s was merged into version %d and written after version %d"
                .formatted(write.id(), write.versionRead(), last.versionRead() + 1),
            last,
            write);
      }
      last = write;
    }
  }

  private void checkAcknowledgements() {
    for (Acknowledged told : resource.acknowledged()) {
      Write write = writes.get(told.id());
      if (write != null && told.at() < write.at()) {
        add("%s was acknowledged before it was written".formatted(told.id()), told, write);
      } else if (write == null && resource.isWritten()) {
        add("%s was acknowledged and no write of it was accepted".formatted(told.id()), told);
      }
    }
  }

  private void checkContent(Content content) {
    Set<String> ids = new HashSet<>();
    for (String id : content.ids()) {
      if (!ids.add(id)) {
        add("%s is there twice".formatted(id));
      } else if (resource.isWritten() && !writes.containsKey(id)) {
        add("%s is there and no write of it was accepted".formatted(id));
      }
    }
    Set<String> missing = new HashSet<>();
    for (Acknowledged told : resource.acknowledged()) {
      if (!ids.contains(told.id()) && missing.add(told.id())) {
        add("%s was acknowledged and is not there".formatted(told.id()), told);
      }
    }
    for (Write write : writes.values()) {
      if (!ids.contains(write.id()) && missing.add(write.id())) {
        add("%s was accepted and is not there".formatted(write.id()), write);
      }
    }
    checkOrder(content, ids);
  }

  /** Only what is both written and there, once, has an order: the rest was told above. */
  private void checkOrder(Content content, Set<String> ids) {
    List<Write> written = new ArrayList<>();
    Set<String> once = new HashSet<>();
    for (Write write : resource.accepted()) {
      if (ids.contains(write.id()) && once.add(write.id())) {
        written.add(write);
      }
    }
    int next = 0;
    for (String id : content.ids()) {
      if (once.remove(id)) {
        Write write = written.get(next);
        next++;
        if (!write.id().equals(id)) {
          add("%s is where %s was written".formatted(id, write.id()), write);
          return;
        }
      }
    }
  }

  private void add(String what, Event... evidence) {
    found.add(Check.NO_LOST_UPDATE, "%s: %s".formatted(resource.name(), what), evidence);
  }
}
