package dev.dejavu.registry;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.params.provider.Arguments.arguments;

class ChallengeTests {

    private static final Challenge BASIC = new Challenge("basic", Map.of("realm", "r"));

    private static final Challenge BEARER = new Challenge("bearer", Map.of("realm", "https://t/x", "service", "s"));

    static Stream<Arguments> fields() {
        return Stream.of(arguments("Basic realm=\"r\"", List.of(BASIC)), arguments("basic Realm=r", List.of(BASIC)),
                arguments("Bearer realm=\"https://t/x\",service=s", List.of(BEARER)),
                arguments("BEARER realm = \"https://t/x\" ,\tservice\t=\t\"s\"", List.of(BEARER)),
                arguments("Bearer realm=https://t/x, service=s", List.of(BEARER)),
                arguments("Bearer realm=\"https://t/x\" service=\"s\"", List.of(BEARER)),
                arguments(", ,Bearer realm=\"https://t/x\",,service=\"s\",", List.of(BEARER)),
                arguments("Bearer realm=\"https://t/x\",service=s,service=other,realm=\"\"", List.of(BEARER)),
                arguments("Basic realm=\"r\", Bearer realm=\"https://t/x\",service=\"s\"", List.of(BASIC, BEARER)),
                arguments("Bearer realm=\"https://t/x\", service=\"s\", Basic realm=\"r\"", List.of(BEARER, BASIC)),
                arguments("Negotiate, Basic realm=\"r\"", List.of(new Challenge("negotiate", Map.of()), BASIC)),
                arguments("Negotiate YII/+~==, Basic realm=\"r\"",
                        List.of(new Challenge("negotiate", Map.of()), BASIC)),
                arguments("NTLM", List.of(new Challenge("ntlm", Map.of()))),
                arguments("Basic realm=\"a \\\"b\\\" \\\\ , c=d\"",
                        List.of(new Challenge("basic", Map.of("realm", "a \"b\" \\ , c=d")))),
                arguments("Bearer scope=\"repository:a/b:pull,push registry:catalog:*\"",
                        List.of(new Challenge("bearer",
                                Map.of("scope", "repository:a/b:pull,push registry:catalog:*")))),
                arguments("Digest realm=\"x, Basic realm=\\\"y\\\"\", qop=\"auth, auth-int\"",
                        List.of(new Challenge("digest",
                                Map.of("realm", "x, Basic realm=\"y\"", "qop", "auth, auth-int")))),
                arguments("Bearer realm=\"https://t/x", List.of(new Challenge("bearer", Map.of()))),
                arguments("Bearer service=s,realm=\"\\", List.of(new Challenge("bearer", Map.of("service", "s")))),
                arguments("Bearer =\"x\"", List.of()), arguments("realm=\"x\"", List.of()), arguments("", List.of()),
                arguments(" , ", List.of()), arguments("\"Basic\" realm=\"r\"", List.of()), arguments("é", List.of()));
    }

    @ParameterizedTest
    @MethodSource("fields")
    void fieldIsReadAsItsGrammarSays(String field, List<Challenge> challenges) {
        assertThat(Challenge.parse(List.of(field))).isEqualTo(challenges);
    }

    @Test
    void challengesOfAllFieldsCountInTheirOrder() {
        assertThat(Challenge.parse(List.of("Bearer realm=\"https://t/x\",service=s", "\"", "Basic realm=r")))
            .containsExactly(BEARER, BASIC);
    }

    @Test
    void hostileFieldsCostLittle() {
        String begin = "Bearer realm=\"https://t/x\",service=s,";
        assertTimeoutPreemptively(Duration.ofSeconds(5), () -> {
            for (String part : List.of("a", "=", " ", ",", "\\", "\"", "a=", "a ", "a b ", "a=\"", "a a=", "\\\"")) {
                String field = begin + part.repeat((8192 - begin.length()) / part.length());
                for (int i = 0; i < 100; i++) {
                    assertThat(Challenge.parse(List.of(field, field))).isNotEmpty().hasSizeLessThanOrEqualTo(16);
                }
            }
        });
        assertThat(Challenge.parse(List.of(begin + " ".repeat(8192), "Basic realm=r"))).containsExactly(BASIC);
    }

}
