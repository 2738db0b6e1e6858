package io.holdfast.mutants;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * The project's classes with one mutated file among them: every class of {@code io.holdfast} is
 * loaded anew, so that mutant and original never meet. Only the checks of histories are the tests'
 * own, as nothing mutates them.
 */
final class MutatedClasses extends ClassLoader {

  private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

  private static final String RESOURCES = "/src/main/resources/";

  private final Map<String, byte[]> mutated;
  private final Map<String, byte[]> resources;

  private MutatedClasses(Map<String, byte[]> mutated, Map<String, byte[]> resources) {
    super("mutated", MutatedClasses.class.getClassLoader());
    this.mutated = mutated;
    this.resources = resources;
  }

  /** The classes and resources with these changes; without any, as they are. */
  static MutatedClasses of(List<Mutant> mutants) {
    Map<String, byte[]> classes = new HashMap<>();
    Map<String, byte[]> resources = new HashMap<>();
    for (Mutant mutant : mutants) {
      if (mutant.file().endsWith(".java")) {
        classes.putAll(compiled(mutant.file(), mutant.source()));
      } else {
        int name = mutant.file().indexOf(RESOURCES) + RESOURCES.length();
        resources.put(mutant.file().substring(name), mutant.source().getBytes(UTF_8));
      }
    }
    return new MutatedClasses(classes, resources);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith("io.holdfast.")
        || name.startsWith("io.holdfast.testkit.history.")
        || name.startsWith("io.holdfast.mutants.")) {
      return super.loadClass(name, resolve);
    }
    Class<?> loaded = findLoadedClass(name);
    return loaded != null ? loaded : define(name);
  }

  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    byte[] resource = resources.get(name);
    return resource == null ? super.getResourceAsStream(name) : new ByteArrayInputStream(resource);
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    byte[] bytes = mutated.get(name);
    if (bytes == null) {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        bytes = in.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return defineClass(name, bytes, 0, bytes.length);
  }

  private static Map<String, byte[]> compiled(String file, String source) {
    Map<String, ByteArrayOutputStream> outputs = new HashMap<>();
    try (StandardJavaFileManager files = COMPILER.getStandardFileManager(null, null, null)) {
      JavaCompiler.CompilationTask task =
          COMPILER.getTask(
              null,
              new InMemory(files, outputs),
              null,
              List.of(
                  "-proc:none",
                  "-nowarn",
                  "--release",
                  "17",
                  "-classpath",
                  System.getProperty("java.class.path")),
              null,
              List.of(new Source(file, source)));
      if (!task.call()) {
        throw new IllegalStateException(file + " does not compile");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, byte[]> classes = new HashMap<>();
    outputs.forEach((name, bytes) -> classes.put(name, bytes.toByteArray()));
    return classes;
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String file, String text) {
      super(URI.create("memory:///" + file), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final Map<String, ByteArrayOutputStream> outputs;

    InMemory(JavaFileManager files, Map<String, ByteArrayOutputStream> outputs) {
      super(files);
      this.outputs = outputs;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      outputs.put(className, bytes);
      URI uri = URI.create("memory:///" + className.replace('.', '/') + ".class");
      return new SimpleJavaFileObject(uri, kind) {
        @Override
        public OutputStream openOutputStream() {
          return bytes;
        }
      };
    }
  }
}
