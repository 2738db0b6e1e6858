package io.holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The version that the build wrote down. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() throws IOException {
    Properties build = new Properties();
    try (InputStream text = Version.class.getResourceAsStream("build.properties")) {
      build.load(Objects.requireNonNull(text, "build.properties"));
    }
    return new String[] {"holdfast " + build.getProperty("version")};
  }
}
