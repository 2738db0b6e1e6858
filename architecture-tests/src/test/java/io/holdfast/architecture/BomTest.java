package io.holdfast.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The bom has no parent to keep it right. */
class BomTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** Where the modules are that others depend on; the rest are applications and tests. */
  private static final List<String> PUBLISHED =
      List.of("core", "testkit", "embedded", "backends/", "guards/");

  private static Element bom;
  private static Element parent;

  @BeforeAll
  static void read() throws Exception {
    bom = project("bom");
    parent = project(".");
  }

  @Test
  void everyPublishedModuleIsInTheBom() throws Exception {
    List<String> modules =
        children(child(parent, "modules"), "module").map(Element::getTextContent).toList();
    Map<String, String> expected = new HashMap<>();
    for (String module : modules) {
      if (PUBLISHED.stream().anyMatch(module::startsWith)) {
        expected.put(text(project(module), "artifactId"), "${project.version}");
      }
    }
    assertThat(expected).isNotEmpty();
    assertThat(managed(bom, "io.holdfast")).isEqualTo(expected);
  }

  @Test
  void itsVersionsAreThoseOfTheBuild() {
    assertThat(text(bom, "version")).isEqualTo(text(parent, "version"));
    assertThat(managed(bom, "io.netty")).isNotEmpty().isEqualTo(managed(parent, "io.netty"));
  }

  private static Map<String, String> managed(Element project, String group) {
    Map<String, String> versions = new HashMap<>();
    children(child(child(project, "dependencyManagement"), "dependencies"), "dependency")
        .filter(dependency -> text(dependency, "groupId").equals(group))
        .forEach(
            dependency ->
                versions.put(text(dependency, "artifactId"), text(dependency, "version")));
    return versions;
  }

  private static Element project(String module) throws Exception {
    Document pom =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(ROOT.resolve(module).resolve("pom.xml").toFile());
    return pom.getDocumentElement();
  }

  private static Stream<Element> children(Element of, String name) {
    NodeList nodes = of.getChildNodes();
    Stream.Builder<Element> found = Stream.builder();
    for (int i = 0; i < nodes.getLength(); i++) {
      Node node = nodes.item(i);
      if (node instanceof Element element && element.getTagName().equals(name)) {
        found.add(element);
      }
    }
    return found.build();
  }

  private static Element child(Element of, String name) {
    return children(of, name).findFirst().orElseThrow();
  }

  private static String text(Element of, String name) {
    return child(of, name).getTextContent().strip();
  }
}
