package dev.dejavu.access;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class OverlayNameTests {

    @ParameterizedTest
    @ValueSource(strings = { "acme/my-app/refs/pull/7/merge", "a", "pull-7", "1234~20", "..a", ".a/b", "x@y:z+1=2,3" })
    void nameThatCanStandInAPathIsValid(String name) {
        assertThat(OverlayName.isValid(name)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a/.", "a b", "a\n", "a%20b", "a;b",
            "a?b", "a#b", "\u00e9", "a\\b" })
    void anyOtherNameIsNot(String name) {
        assertThat(OverlayName.isValid(name)).isFalse();
    }

    @Test
    void longestNameHas200Characters() {
        assertThat(OverlayName.isValid("a".repeat(200))).isTrue();
        assertThat(OverlayName.isValid("a".repeat(201))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({ "'{repository}/{ref}', acme/my-app/refs/pull/7/merge", "pr-{number}, pr-7", "fixed, fixed",
            "{repository_id}-{protected}, 42-true" })
    void claimsAreFilledIn(String template, String name) {
        assertThat(OverlayName.of(template, Map.of("repository", "acme/my-app", "ref", "refs/pull/7/merge", "number", 7,
                "repository_id", "42", "protected", true)))
            .isEqualTo(name);
    }

    @Test
    void otherClaimsMakeAnotherName() {
        List<String> values = List.of("a b", "a_b", "a~b", "a%b", "a%20b", "a~20b", "a;b", "a\u00e9b", "a\\b", "A b",
                "a".repeat(300), "a".repeat(301));
        assertThat(values.stream().map((value) -> OverlayName.of("{ref}", Map.of("ref", value))).distinct())
            .hasSize(values.size())
            .allMatch(OverlayName::isValid);
    }

    @Test
    void claimThatMakesNoNameIsNoOverlay() {
        for (Object value : List.of("", "..", "a/../b", "/a", "a//b", "a/", List.of("a"), Map.of())) {
            assertThat(OverlayName.of("{ref}", Map.of("ref", value))).as("%s", value).isNull();
        }
        assertThat(OverlayName.of("{ref}", Map.of())).isNull();
    }

    @ParameterizedTest
    @CsvSource({ "{ref}, true", "a/{ref}, true", "a, true", "'', false", "{}, false", "{ref, false", "a/, false",
            "a b, false" })
    void templateMakesValidNames(String template, boolean valid) {
        assertThat(OverlayName.isTemplate(template)).isEqualTo(valid);
    }

}
