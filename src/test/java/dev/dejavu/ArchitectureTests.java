package dev.dejavu;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.jspecify.annotations.NullMarked;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.RegistryEvent;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

@AnalyzeClasses(packages = "dev.dejavu", importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage("dev.dejavu..");

    @ArchTest
    static final ArchRule roomsHaveNoCycles = slices().matching("dev.dejavu.(*)..").should().beFreeOfCycles();

    /**
     * A new room is held to this too: of ours, it may know the words of the caches and
     * itself.
     */
    @ArchTest
    static final ArchRule roomsKnowTheWordsOfTheCachesAndThemselves = slices().matching("dev.dejavu.(*)..")
        .should()
        .notDependOnEachOther()
        .ignoreDependency(OURS, resideInAPackage("dev.dejavu.cache"))
        // the one that asks, and whom it asks
        .ignoreDependency(resideInAPackage("dev.dejavu.verification"), resideInAPackage("dev.dejavu.registry"));

    @ArchTest
    static final ArchRule registryKnowsNothingOfOurs = noClasses().that()
        .resideInAPackage("dev.dejavu.registry")
        .should()
        .dependOnClassesThat(OURS.and(DescribedPredicate.not(resideInAPackage("dev.dejavu.registry"))));

    @ArchTest
    static final ArchRule cacheAndStorageKnowNothingOfOurs = noClasses().that()
        .resideInAnyPackage("dev.dejavu.cache", "dev.dejavu.storage")
        .should()
        .dependOnClassesThat(
                OURS.and(DescribedPredicate.not(resideInAnyPackage("dev.dejavu.cache", "dev.dejavu.storage"))));

    /** It tells of changes, whatever they mean. */
    @ArchTest
    static final ArchRule storageKnowsNoCache = noClasses().that()
        .resideInAPackage("dev.dejavu.storage")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.dejavu.cache").and(DescribedPredicate.not(JavaClass.Predicates
            .belongToAnyOf(ChangeFeed.class, ChangeListener.class, CacheKey.class, RegistryEvent.class))));

    @ArchTest
    static final ArchRule nothingKnowsTheRoot = noClasses().that()
        .resideOutsideOfPackage("dev.dejavu")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.dejavu"));

    @ArchTest
    static final ArchRule theRootKnowsNoRoom = noClasses().that()
        .resideInAPackage("dev.dejavu")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.dejavu.(*)"));

    @ArchTest
    static final ArchRule namesSayWhatThingsAre = noClasses().should()
        .haveNameMatching(".*(Impl|Dto|DTO|Utils?|Helpers?|Manager|Mapper|Base|Service)(\\$.*)?");

    @ArchTest
    static final ArchRule onlyRepositoriesAndStorageSpeakJdbc = noClasses().that()
        .haveSimpleNameNotEndingWith("Repository")
        .and()
        .resideOutsideOfPackage("dev.dejavu.storage")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql", "javax.sql", "org.springframework.jdbc..");

    @ArchTest
    static final ArchRule nullIsDeclared = classes().should()
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
