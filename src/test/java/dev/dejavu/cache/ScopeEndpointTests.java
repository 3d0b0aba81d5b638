package dev.dejavu.cache;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class ScopeEndpointTests {

    @ParameterizedTest
    @CsvSource({ "https://flyte.example.com:proj:dev, flyte.example.com", "dns:///h:proj:dev, h",
            "dns:///h:30080:proj:dev, h", "dns:///H.:30080:proj:dev, h", "h:80:proj:dev, h", "h:proj:dev, h",
            "https://h/:proj:dev, h", "https://h/path?x=/localhost:proj:dev, h", "HTTPS://H:443:proj:dev, h",
            "https://user:secret@h:8443:proj:dev, h", "https://localhost@h:proj:dev, h", "dns://8.8.8.8/h:proj:dev, h",
            "dns:h:proj:dev, h", "https://[::1]:8080:proj:dev, ::1", "[fe80::1%25eth0]:proj:dev, fe80::1%eth0",
            "::1:proj:dev, ::1", "https://%6cocalhost:proj:dev, localhost", "https:////h:proj:dev, h",
            "https://h\\@x:proj:dev, h", "'https:// h:proj:dev', ' h'", "h, h", "h:dev, h",
            "ipv4:127.0.0.1:80:proj:dev, 127.0.0.1", "https://h:x:proj:dev, h" })
    void hostIsThatOfTheEndpoint(String scope, String host) {
        assertThat(ScopeEndpoint.of(scope).host()).isEqualTo(host);
        assertThat(ScopeEndpoint.of(scope).isEmpty()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = { "::", "", ":", ":proj:dev", "https://:proj:dev", "dns:///:proj:dev" })
    void scopeWithoutEndpointNamesNoBackend(String scope) {
        assertThat(ScopeEndpoint.of(scope).isEmpty()).isTrue();
        assertThat(ScopeEndpoint.of(scope).isOfOneMachine()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = { "unix:/run/flyte.sock:proj:dev", "unix:///run/flyte.sock:proj:dev", "localhost",
            "localhost:dev", "localhost:30080:proj:dev", "http://ｌｏｃａｌｈｏｓｔ:proj:dev", "https://127。0。0。1:proj:dev",
            "https://user@127.1:80:proj:dev", "https://[0:0:0:0:0:ffff:127.0.0.1]:80:proj:dev",
            "passthrough:///::1:p:d", "https://LOCALHOST.:443/:proj:dev", "https://a:b@[::1]:1:proj:dev",
            "localhost:30080:a:b:c" })
    void backendOfOneMachineIsKnownInAnySpelling(String scope) {
        assertThat(ScopeEndpoint.of(scope).isOfOneMachine()).isTrue();
    }

}
