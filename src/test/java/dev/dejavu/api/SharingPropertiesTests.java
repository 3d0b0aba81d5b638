package dev.dejavu.api;

import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class SharingPropertiesTests {

    @ParameterizedTest
    @ValueSource(strings = { "https://flyte.example.com:proj:dev", "dns:///example.union.ai:proj:dev", "::",
            ":proj:dev", "10.0.0.5:80:proj:dev", "s", "https://flyte.example.com/localhost:minikube:localhost" })
    void withoutAListAllBackendsButThoseOfOneMachineAreShared(String scope) {
        assertThat(refusal(scope)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = { "dns:///localhost:30080:flytesnacks:development", "http://LOCALHOST.:30080/:proj:dev",
            "https://user@127.1:proj:dev", "https://[::ffff:127.0.0.1]:8080:proj:dev", "https://169.254.1.1:proj:dev",
            "https://app.127.0.0.1.nip.io:proj:dev", "https://localtest.me:proj:dev", "unix:///run/x:proj:dev" })
    void backendOfOneMachineIsNeverSharedThoughAPatternMatches(String scope) {
        assertThat(refusal(scope)).isEqualTo(Problem.NOT_SHAREABLE);
        for (String pattern : List.of("*", "http*", "https://*:proj:*", "*:proj:dev", "https://*.nip.io:*",
                "https://*.me:*", "https://*.0.0.1:*")) {
            assertThat(refusal(scope, pattern)).isEqualTo(Problem.NOT_SHAREABLE);
        }
        assertThat(new SharingProperties(true, new SharingProperties.Scopes(List.of()))).satisfies((accepting) -> {
            accepting.requireShareable(parts(scope));
        });
    }

    @ParameterizedTest
    @CsvSource({ "https://192.168.49.2:30080:proj:dev, https://192.168.49.2:30080",
            "dns:///192.168.49.2:30080:proj:dev, https://192.168.49.2:30080:proj:*",
            "https://172.18.0.2:proj:dev, https://172.18.0.2", "https://minikube:proj:dev, minikube",
            "https://a.10.0.0.1.nip.io:proj:dev, https://*.nip.io:*",
            "https://a.10.0.0.1.nip.io:proj:dev, https://*.10.0.0.1.nip.io",
            "https://flyte.flyte.svc.cluster.local:proj:dev, https://*.flyte.svc.cluster.local:proj:*" })
    void clusterOfOneMachineIsSharedWhereAPatternNamesItsHost(String scope, String pattern) {
        assertThat(refusal(scope)).isEqualTo(Problem.NOT_SHAREABLE);
        for (String other : List.of("*", "https://*", "https://*:proj:*", "*:proj:*", "https://192.168.49.*:*",
                "https://*.*:*", "https://*o*:*", "https://other.example.com")) {
            assertThat(refusal(scope, other)).as(other).isEqualTo(Problem.NOT_SHAREABLE);
        }
        assertThat(refusal(scope, "https://other.example.com", pattern)).isNull();
    }

    @ParameterizedTest
    @CsvSource({ "https://flyte.example.com:proj:dev, https://flyte.example.com",
            "https://flyte.example.com:proj:dev, flyte.example.com",
            "https://flyte.example.com:proj:dev, dns:///flyte.example.com",
            "https://flyte.example.com:proj:dev, https://FLYTE.example.com.:443/",
            "https://flyte.example.com:proj:dev, https://flyte.example.com:proj:dev",
            "https://flyte.example.com:proj:dev, https://*.example.com:proj:*",
            "https://flyte.example.com:proj:dev, https://*.example.com", "https://flyte.example.com:proj:dev, *",
            "https://Flyte.Example.com.:443/:proj:dev, https://flyte.example.com",
            "dns:///flyte.example.com:443:proj:dev, https://flyte.example.com:*:dev",
            "flyte.example.com:proj:dev, https://flyte.example.com", "http://h:80:p:d, http://h", "h:8080:p:d, h:8080",
            "'::', https://flyte.example.com", "':proj:dev', https://flyte.example.com" })
    void scopeThatAPatternMatchesIsShared(String scope, String pattern) {
        assertThat(refusal(scope, "https://one.example.org", pattern)).isNull();
    }

    @ParameterizedTest
    @CsvSource({ "https://other.example.com:proj:dev, https://flyte.example.com",
            "https://flyte.example.com:8443:proj:dev, https://flyte.example.com",
            "http://flyte.example.com:proj:dev, https://flyte.example.com",
            "https://flyte.example.com.evil.com:proj:dev, https://flyte.example.com",
            "https://flyte.example.com:other:dev, https://flyte.example.com:proj:*",
            "https://flyte.example.com:Proj:dev, https://flyte.example.com:proj:dev",
            "https://example.com:proj:dev, https://*.example.com", "https://flyteXexample.com:p:d, flyte.example.com",
            "https://flyte.example.com:80:p:d, https://flyte.example.com", "other, https://flyte.example.com" })
    void anyOtherIsRefused(String scope, String pattern) {
        assertThat(refusal(scope, "https://one.example.org", pattern)).isEqualTo(Problem.SCOPE_NOT_ALLOWED);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", " ", "https://a b", "https://a\n", "a*b*c*d*e*f", "localhost", "http://127.0.0.1:80",
            "https://[::1]:8080:proj:*", "https://localtest.me:*", "https://169.254.1.1" })
    void patternThatIsNoneOrNamesOneMachineIsRefused(String pattern) {
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
            .isThrownBy(() -> new SharingProperties.Scopes(List.of("https://flyte.example.com", pattern)))
            .withMessageContaining("dejavu.scopes.allowed");
    }

    @Test
    void patternIsBounded() {
        assertThat(new SharingProperties.Scopes(List.of("s".repeat(512))).allowed()).hasSize(1);
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
            .isThrownBy(() -> new SharingProperties.Scopes(List.of("s".repeat(513))));
    }

    private static @Nullable Problem refusal(String scope, String... allowed) {
        try {
            new SharingProperties(false, new SharingProperties.Scopes(List.of(allowed))).requireShareable(parts(scope));
            return null;
        }
        catch (ProblemException ex) {
            return ex.problem();
        }
    }

    private static KeyParts parts(String scope) {
        return new KeyParts() {
            @Override
            public String scope() {
                return scope;
            }

            @Override
            public @Nullable String repository() {
                return null;
            }
        };
    }

}
