package io.holdfast.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaModifier.SYNCHRONIZED;
import static com.tngtech.archunit.lang.conditions.ArchConditions.be;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.NullMarked;

/** What may depend on what, and what main code never does. */
@AnalyzeClasses(
    packages = ArchitectureTest.HOLDFAST,
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  static final String HOLDFAST = "io.holdfast";
  private static final String API = HOLDFAST;
  private static final String SPI = "io.holdfast.spi";
  private static final String ENGINE = "io.holdfast.engine";
  private static final String[] CORE = {API, SPI, ENGINE};

  /** The package of each backend. A new one is added here. */
  static final List<String> BACKENDS =
      List.of(
          "io.holdfast.local",
          "io.holdfast.redis",
          "io.holdfast.jdbc",
          "io.holdfast.zookeeper",
          "io.holdfast.etcd");

  /** The package of each app. */
  static final List<String> APPS =
      List.of("io.holdfast.cli", "io.holdfast.cmdb", "io.holdfast.benchmarks");

  /** The only class of an app that may name a backend. */
  private static final String WIRING = "io.holdfast.cli.Stores";

  /** All of the engine that others may use. */
  private static final Set<String> PUBLIC_CLASSES_OF_ENGINE =
      Set.of(
          "io.holdfast.engine.LockEngine",
          "io.holdfast.engine.LockEngine$Builder",
          "io.holdfast.engine.EngineLocksProvider");

  @ArchTest
  static final ArchRule theApiDependsOnNothingButJava =
      classes()
          .that()
          .resideInAPackage(API)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(API, "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule theSpiDependsOnTheApiOnly =
      classes()
          .that()
          .resideInAPackage(SPI)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(API, SPI, "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule theEngineDependsOnApiAndSpiOnly =
      classes()
          .that()
          .resideInAPackage(ENGINE)
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(API, SPI, ENGINE, "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule packagesHaveNoCycle =
      slices().assignedFrom(eachPackage()).should().beFreeOfCycles();

  @ArchTest
  static final ArchRule aBackendSeesApiAndSpiAndNoOtherBackend =
      classes().that(areIn(BACKENDS)).should(seeNothingOfOursBut(API, SPI));

  @ArchTest
  static final ArchRule anAppUsesTheApiAndOnlyItsWiringNamesAStore =
      noClasses()
          .that(areIn(APPS))
          .and(not(describe("are the wiring", ArchitectureTest::isWiring)))
          .should()
          .dependOnClassesThat(areIn(BACKENDS).or(areIn(List.of(SPI, ENGINE))));

  @ArchTest
  static final ArchRule theEngineShowsNoMoreThanItsEntrance =
      classes()
          .that()
          .resideInAPackage(ENGINE)
          .and(describe("can be seen from outside", ArchitectureTest::isVisibleOutside))
          .should(
              be(
                  describe(
                      "one of " + PUBLIC_CLASSES_OF_ENGINE,
                      javaClass -> PUBLIC_CLASSES_OF_ENGINE.contains(javaClass.getName()))));

  /** A virtual thread that waits inside of one keeps its carrier thread. */
  @ArchTest
  static final ArchRule noMethodIsSynchronized =
      noMethods().should().haveModifier(SYNCHRONIZED).because("virtual threads; use a Lock");

  @ArchTest
  static final ArchRule theWallClockDecidesNothingInTheCore =
      noClasses()
          .that()
          .resideInAnyPackage(CORE)
          // It tells an operator how far clocks are apart; nothing is decided by it.
          .and()
          .doNotHaveSimpleName("Examination")
          .should()
          .accessTargetWhere(
              describe("it reads the wall clock", ArchitectureTest::readsTheWallClock))
          .because("it jumps; time is injected and measured with nanoTime");

  @ArchTest
  static final ArchRule noThreadSleepsInCoreAndBackends =
      noClasses()
          .that(areIn(BACKENDS).or(areIn(List.of(CORE))))
          .should()
          .accessTargetWhere(describe("it sleeps", ArchitectureTest::sleeps))
          .because("the engine waits, on time that tests are in charge of");

  @ArchTest
  static final ArchRule everyPackageIsNullMarked =
      classes()
          .should(
              be(
                  describe(
                      "in a package that is @NullMarked",
                      javaClass -> javaClass.getPackage().isAnnotatedWith(NullMarked.class))))
          .because("NullAway looks at nothing else");

  @ArchTest
  static final ArchRule aNameSaysHowAClassDiffers =
      noClasses().should().haveNameMatching(".*(Impl|Manager|Utils?|Helper)");

  private static DescribedPredicate<JavaClass> areIn(List<String> packages) {
    return describe(
        "are in " + packages, javaClass -> packages.stream().anyMatch(isOrHolds(javaClass)));
  }

  private static Predicate<String> isOrHolds(JavaClass javaClass) {
    // The API's package is the start of all others, so that it holds only itself.
    String name = javaClass.getPackageName();
    return start -> name.equals(start) || (!start.equals(API) && name.startsWith(start + "."));
  }

  private static ArchCondition<JavaClass> seeNothingOfOursBut(String... allowed) {
    Set<String> shared = Set.of(allowed);
    return new ArchCondition<>("see of ours only " + shared + " and themselves") {
      @Override
      public void check(JavaClass javaClass, ConditionEvents events) {
        List<String> own = BACKENDS.stream().filter(isOrHolds(javaClass)).toList();
        for (Dependency dependency : javaClass.getDirectDependenciesFromSelf()) {
          JavaClass target = dependency.getTargetClass().getBaseComponentType();
          String name = target.getPackageName();
          if ((name.equals(HOLDFAST) || name.startsWith(HOLDFAST + "."))
              && !shared.contains(name)
              && own.stream().noneMatch(isOrHolds(target))) {
            events.add(SimpleConditionEvent.violated(javaClass, dependency.getDescription()));
          }
        }
      }
    };
  }

  private static SliceAssignment eachPackage() {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
        return SliceIdentifier.of(javaClass.getPackageName());
      }

      @Override
      public String getDescription() {
        return "packages";
      }
    };
  }

  private static boolean isWiring(JavaClass javaClass) {
    return javaClass.getName().equals(WIRING) || javaClass.getName().startsWith(WIRING + "$");
  }

  private static boolean isVisibleOutside(JavaClass javaClass) {
    boolean visible =
        javaClass.getModifiers().contains(JavaModifier.PUBLIC)
            || javaClass.getModifiers().contains(JavaModifier.PROTECTED);
    return visible
        && javaClass.getEnclosingClass().map(ArchitectureTest::isVisibleOutside).orElse(true);
  }

  private static boolean readsTheWallClock(JavaAccess<?> access) {
    String owner = access.getTargetOwner().getName();
    String member = access.getTarget().getName();
    return (owner.equals("java.lang.System") && member.equals("currentTimeMillis"))
        || (owner.startsWith("java.time.") && member.equals("now"))
        || (owner.equals("java.time.Clock") && member.matches("(system|tick).*"))
        || (owner.equals("java.util.Date") && member.equals("<init>"))
        || (owner.equals("java.util.Calendar") && member.equals("getInstance"));
  }

  private static boolean sleeps(JavaAccess<?> access) {
    String owner = access.getTargetOwner().getName();
    return access.getTarget().getName().equals("sleep")
        && (owner.equals("java.lang.Thread") || owner.equals("java.util.concurrent.TimeUnit"));
  }
}
