package dev.dejavu;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.jspecify.annotations.NullMarked;
import org.springframework.core.annotation.Order;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

@AnalyzeClasses(packages = "dev.dejavu", importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage("dev.dejavu..");

    /** The model of the caches, and mechanisms that know no cache. */
    private static final DescribedPredicate<JavaClass> GROUND = resideInAnyPackage("dev.dejavu.cache", "dev.dejavu.api",
            "dev.dejavu.registry", "dev.dejavu.commit", "dev.dejavu.oidc");

    /**
     * The packages of caches, also of a new one, and the one that says who may use them.
     */
    private static final DescribedPredicate<JavaClass> TOP = resideInAPackage("dev.dejavu.access")
        .or(DescribedPredicate.describe("are in a package with a cache",
                (type) -> type.getPackage()
                    .getClasses()
                    .stream()
                    .anyMatch((other) -> other.getAllRawSuperclasses()
                        .stream()
                        .anyMatch((parent) -> parent.getSimpleName().equals("JdbcCacheRepository")))));

    /** Shows people what the house has: it sees every room, and none sees it. */
    private static final DescribedPredicate<JavaClass> ROOF = resideInAPackage("dev.dejavu.console");

    /** Every other package, also a new one: it sees the ground and itself. */
    private static final DescribedPredicate<JavaClass> MECHANISMS = OURS.and(not(GROUND)).and(not(TOP)).and(not(ROOF));

    @ArchTest
    static final ArchRule packagesHaveNoCycles = slices().matching("dev.dejavu.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule dependenciesRunOneWayFromFloorToFloor = slices().matching("dev.dejavu.(*)..")
        .should()
        .notDependOnEachOther()
        .ignoreDependency(ROOF, OURS)
        .ignoreDependency(TOP, MECHANISMS)
        .ignoreDependency(not(GROUND), GROUND)
        .ignoreDependency(resideInAPackage("dev.dejavu.api"), resideInAPackage("dev.dejavu.cache"));

    @ArchTest
    static final ArchRule cachePackageKnowsNeitherHttpNorJdbc = noClasses().that()
        .resideInAPackage("dev.dejavu.cache")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jakarta.servlet..", "org.springframework.http..", "org.springframework.web..", "java.sql",
                "org.springframework.jdbc..");

    @ArchTest
    static final ArchRule onlySecurityFiltersHaveAnOrder = noMethods().that()
        .areDeclaredInClassesThat()
        .resideOutsideOfPackage("dev.dejavu.access")
        .should()
        .beAnnotatedWith(Order.class);

    @ArchTest
    static final ArchRule classesHaveNoOrder = noClasses().should().beAnnotatedWith(Order.class);

    @ArchTest
    static final ArchRule nothingDependsOnTheRootPackage = noClasses().that()
        .resideOutsideOfPackage("dev.dejavu")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.dejavu"));

    @ArchTest
    static final ArchRule rootPackageDependsOnNoFeature = noClasses().that()
        .resideInAPackage("dev.dejavu")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.dejavu.(*)"));

    @ArchTest
    static final ArchRule namesHaveNoForbiddenEnding = noClasses().should()
        .haveNameMatching(".*(Impl|Dto|DTO|Utils?|Helpers?|Manager|Mapper|Base|Service)(\\$.*)?");

    @ArchTest
    static final ArchRule onlyRepositoriesAndStorageUseJdbc = noClasses().that()
        .haveSimpleNameNotEndingWith("Repository")
        .and()
        .resideOutsideOfPackage("dev.dejavu.storage")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql", "javax.sql", "org.springframework.jdbc..");

    @ArchTest
    static final ArchRule everyPackageIsNullMarked = classes().should()
        .resideInAPackage("dev.dejavu..")
        .andShould(new com.tngtech.archunit.lang.ArchCondition<>("be in a package that is @NullMarked") {
            @Override
            public void check(JavaClass type, com.tngtech.archunit.lang.ConditionEvents events) {
                boolean marked = type.getPackage().isAnnotatedWith(NullMarked.class);
                events.add(new com.tngtech.archunit.lang.SimpleConditionEvent(type, marked,
                        type.getName() + (marked ? " is" : " is not") + " in a @NullMarked package"));
            }
        });

}
