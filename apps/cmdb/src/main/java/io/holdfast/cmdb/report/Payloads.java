package io.holdfast.cmdb.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The input of a run: files, folders and the standard input, pulled one by one.
 *
 * <pre>{@code
 * try (Payloads payloads = Payloads.of(List.of("reports/", "-"), Optional.empty(), System.in)) {
 *   for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
 *     ...
 *   }
 * }
 * }</pre>
 *
 * <p>{@code .jsonl}, {@code .ndjson} and {@code -} are read line by line, everything else as one
 * payload. Inside a folder only those and {@code .json} and {@code .facts} are read, in the order
 * of their names; a file that is named is always read. A link inside a folder is followed to a file
 * of the same folder only.
 *
 * <p>Whatever is wrong with input becomes a dead letter and the next input is as good as before. In
 * memory are one payload and the names of the folders that lead to it.
 *
 * <p>Not thread-safe: one thread pulls.
 */
public final class Payloads implements AutoCloseable {

  /** The bytes of the longest line. */
  public static final int LONGEST_LINE = 1024 * 1024;

  /** The bytes of the largest payload that has a file of its own. */
  public static final int LARGEST_FILE = 16 * 1024 * 1024;

  private static final String STANDARD_INPUT = "-";
  private static final List<String> BY_LINE = List.of(".jsonl", ".ndjson");
  private static final List<String> WHOLE = List.of(".json", ".facts");
  private static final int LONGEST_REASON = 300;

  private static final List<Shape> SHAPES =
      List.of(
          new CanonicalShape(),
          new Ec2Shape(),
          new RedfishShape(),
          new GlpiShape(),
          new FacterShape());

  /** Something to be read; {@code inside} is the folder that was named and led here. */
  private record Place(Path path, boolean isFolder, Optional<Path> inside) {}

  /** A file that is being read line by line. */
  private record Open(Lines lines, String file, Optional<Instant> observedAt) {}

  private final Deque<Place> places = new ArrayDeque<>();
  private final Deque<Input> ready = new ArrayDeque<>();
  private final Optional<Instant> observedAt;
  private final InputStream standardInput;
  private final Clock clock;
  private Optional<Open> open = Optional.empty();
  private long ignored;

  private Payloads(Optional<Instant> observedAt, InputStream standardInput, Clock clock) {
    this.observedAt = observedAt;
    this.standardInput = standardInput;
    this.clock = clock;
  }

  /**
   * The input of these paths, in this order. Nothing is read yet.
   *
   * @param paths files, folders, or {@code -} for the standard input
   * @param observedAt when payloads that do not say so were observed; without it, when their file
   *     was last modified, or for the standard input, when the line was read
   * @param standardInput read if {@code -} is among the paths, and never closed
   * @throws FileNotFoundException if a path is not there; its message is one line for the user
   */
  public static Payloads of(
      List<String> paths, Optional<Instant> observedAt, InputStream standardInput)
      throws FileNotFoundException {
    return of(paths, observedAt, standardInput, Clock.systemUTC());
  }

  static Payloads of(
      List<String> paths, Optional<Instant> observedAt, InputStream standardInput, Clock clock)
      throws FileNotFoundException {
    Payloads payloads = new Payloads(observedAt, standardInput, clock);
    for (String path : paths) {
      payloads.places.add(named(path));
    }
    return payloads;
  }

  private static Place named(String name) throws FileNotFoundException {
    try {
      Path path = Path.of(name);
      if (!name.isEmpty() && (name.equals(STANDARD_INPUT) || Files.exists(path))) {
        return new Place(path, Files.isDirectory(path), Optional.empty());
      }
    } catch (InvalidPathException e) {
      // as good as not there
    }
    throw new FileNotFoundException("no such file or folder: " + ReportJson.shown(name));
  }

  /**
   * The next input; empty at the end. Waits for a whole line of the standard input, if that is
   * next.
   */
  public Optional<Input> next() {
    while (ready.isEmpty()) {
      if (open.isPresent()) {
        readLine(open.get());
      } else if (places.isEmpty()) {
        return Optional.empty();
      } else {
        visit(places.pop());
      }
    }
    return Optional.of(ready.pop());
  }

  /** How many files inside folders were not read because of their names, or are none. */
  public long ignored() {
    return ignored;
  }

  @Override
  public void close() {
    places.clear();
    ready.clear();
    open.ifPresent(this::finish);
  }

  private void visit(Place place) {
    Origin origin = new Origin(place.path().toString(), 0);
    try {
      if (place.inside().isEmpty() && origin.file().equals(STANDARD_INPUT)) {
        readLines(kept(standardInput), origin.file(), observedAt);
      } else if (place.isFolder()) {
        enter(place);
      } else if (place.inside().isPresent() && !isInput(place.path(), place.inside().get())) {
        ignored++;
      } else {
        readFile(place.path(), origin);
      }
    } catch (IOException e) {
      ready.add(unreadable(origin, e));
    }
  }

  private void enter(Place folder) throws IOException {
    Path within = folder.inside().isPresent() ? folder.inside().get() : folder.path().toRealPath();
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(folder.path())) {
      children.forEach(found::add);
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    found.sort((a, b) -> name(b).compareTo(name(a)));
    for (Path child : found) {
      boolean isFolder = Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS);
      places.push(new Place(child, isFolder, Optional.of(within)));
    }
  }

  /** A pipe or a device is none: opening it may wait for ever. */
  private static boolean isInput(Path path, Path within) throws IOException {
    if (!endsWithOneOf(path, BY_LINE) && !endsWithOneOf(path, WHOLE)) {
      return false;
    }
    if (Files.isSymbolicLink(path)) {
      return Files.isRegularFile(path) && path.toRealPath().startsWith(within);
    }
    return Files.isRegularFile(path) || Files.notExists(path);
  }

  private static boolean endsWithOneOf(Path path, List<String> endings) {
    String name = name(path).toLowerCase(Locale.ROOT);
    return endings.stream().anyMatch(name::endsWith);
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  private void readFile(Path path, Origin origin) throws IOException {
    Instant moment =
        observedAt.isPresent() ? observedAt.get() : Files.getLastModifiedTime(path).toInstant();
    if (endsWithOneOf(path, BY_LINE)) {
      readLines(Files.newInputStream(path), origin.file(), Optional.of(moment));
      return;
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(LARGEST_FILE + 1);
      if (bytes.length > LARGEST_FILE) {
        ready.add(dead(origin, Fault.TOO_LARGE, "more than " + LARGEST_FILE + " bytes"));
      } else {
        ready.addAll(payload(bytes, origin, moment));
      }
    }
  }

  private void readLines(InputStream in, String file, Optional<Instant> moment) {
    open = Optional.of(new Open(new Lines(in, LONGEST_LINE), file, moment));
  }

  private void readLine(Open from) {
    try {
      Optional<byte[]> line = from.lines().next();
      if (line.isEmpty()) {
        finish(from);
        return;
      }
      Origin origin = new Origin(from.file(), from.lines().number());
      if (from.lines().wasTooLong()) {
        ready.add(tooLong(origin));
      } else {
        Instant moment = from.observedAt().isPresent() ? from.observedAt().get() : clock.instant();
        ready.addAll(line(line.get(), origin, moment));
      }
    } catch (IOException e) {
      ready.add(unreadable(new Origin(from.file(), from.lines().number() + 1), e));
      finish(from);
    }
  }

  private void finish(Open from) {
    open = Optional.empty();
    try {
      from.lines().close();
    } catch (IOException e) {
      ready.add(unreadable(new Origin(from.file(), from.lines().number()), e));
    }
  }

  private static InputStream kept(InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public void close() {
        // it is the caller's
      }
    };
  }

  /**
   * What one line says: nothing if it is blank, several reports if it is about several machines.
   *
   * @param line in UTF-8, with or without its end
   * @param otherwise when it was observed, if the payload does not say so itself
   */
  public static List<Input> line(byte[] line, Origin origin, Instant otherwise) {
    if (line.length > LONGEST_LINE) {
      return List.of(tooLong(origin));
    }
    if (new String(line, StandardCharsets.ISO_8859_1).isBlank()) {
      return List.of();
    }
    return payload(line, origin, otherwise);
  }

  private static List<Input> payload(byte[] bytes, Origin origin, Instant otherwise) {
    try {
      JsonNode root = parse(text(bytes));
      Shape shape = shape(root);
      List<JsonNode> parts = shape.parts(root);
      List<Input> inputs = new ArrayList<>();
      for (JsonNode part : parts) {
        String where =
            parts.size() == 1 ? "" : "part " + (inputs.size() + 1) + " of " + parts.size() + ": ";
        inputs.add(read(shape, part, where, origin, otherwise));
      }
      return Collections.unmodifiableList(inputs);
    } catch (BadReportException e) {
      return List.of(dead(origin, e.fault(), e.reason()));
    }
  }

  private static Input read(
      Shape shape, JsonNode part, String where, Origin origin, Instant otherwise) {
    try {
      return new Input.Reported(shape.report(part, otherwise), origin);
    } catch (BadReportException e) {
      return dead(origin, e.fault(), where + e.reason());
    }
  }

  /** Strict, because a replaced character would be stored as if the source had sent it. */
  private static String text(byte[] bytes) throws BadReportException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new BadReportException(Fault.NOT_UTF8, "bytes that are no UTF-8");
    }
  }

  private static JsonNode parse(String text) throws BadReportException {
    if (text.isBlank()) {
      throw new BadReportException(Fault.NOT_JSON, "nothing in it");
    }
    try {
      return Json.STRICT.readTree(text);
    } catch (StreamConstraintsException e) {
      throw new BadReportException(Fault.TOO_LARGE, brief(e.getOriginalMessage()));
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : " at " + e.getLocation().getLineNr() + ":" + e.getLocation().getColumnNr();
      throw new BadReportException(Fault.NOT_JSON, brief(e.getOriginalMessage()) + where);
    } catch (NumberFormatException e) {
      // Jackson lets it through where an exponent has more digits than an int
      throw new BadReportException(Fault.BAD_VALUE, "a number is out of range");
    }
  }

  private static Shape shape(JsonNode root) throws BadReportException {
    for (Shape shape : SHAPES) {
      if (shape.fits(root)) {
        return shape;
      }
    }
    if (root.path("$schema").isTextual()) {
      throw new BadReportException(Fault.ANOTHER_THING, "a JSON Schema, not a report");
    }
    throw new BadReportException(
        Fault.UNKNOWN_SHAPE,
        "no shape of a report that is known here (canonical, facter, GLPI inventory,"
            + " Redfish ComputerSystem, EC2 DescribeInstances)");
  }

  private static String brief(String message) {
    String plain = message.replaceAll("\\p{Cntrl}+", " ");
    return plain.length() <= LONGEST_REASON ? plain : plain.substring(0, LONGEST_REASON) + "...";
  }

  private static Input tooLong(Origin origin) {
    return dead(origin, Fault.TOO_LARGE, "a line of more than " + LONGEST_LINE + " bytes");
  }

  private static Input unreadable(Origin origin, IOException e) {
    if (e instanceof NoSuchFileException) {
      return dead(origin, Fault.UNREADABLE, "it is not there any more");
    }
    if (e instanceof AccessDeniedException) {
      return dead(origin, Fault.UNREADABLE, "this user may not read it");
    }
    return dead(origin, Fault.UNREADABLE, brief(String.valueOf(e.getMessage())));
  }

  private static Input dead(Origin origin, Fault fault, String reason) {
    return new Input.Dead(new DeadLetter(origin, fault, reason));
  }
}
