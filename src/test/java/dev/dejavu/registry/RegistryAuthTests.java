package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Base64;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;

import static org.assertj.core.api.Assertions.assertThat;

class RegistryAuthTests extends RegistryClientFixture {

    @Test
    void bearerTokenIsFetchedOnceWithTheCredentials(@TempDir Path folder) throws IOException {
        registry.push("team/bearer", "v1", "linux/amd64");
        try (RegistryProxy guarded = new RegistryProxy(registry.uri());
                RegistryClient withLogin = registries(config(folder, guarded.host(), "ada:secret"), guarded.host());
                RegistryClient withoutLogin = registries(null, guarded.host())) {
            guarded.fault(requireToken(guarded));
            assertThat(withLogin.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(withLogin.check(guarded.host() + "/team/bearer:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(guarded.takeRequests()).filteredOn((line) -> line.startsWith("GET /token"))
                .containsExactly("GET /token?service=the+test&scope=repository%3Ateam%2Fbearer%3Apull");
            assertThat(withoutLogin.check(guarded.host() + "/team/bearer:v1", AMD64).outcome())
                .isEqualTo(Outcome.UNKNOWN);
        }
    }

    /** Requires a token for every request, and the password for the token. */
    private static RegistryProxy.Fault requireToken(RegistryProxy guarded) {
        String basic = "Basic " + Base64.getEncoder().encodeToString("ada:secret".getBytes(StandardCharsets.UTF_8));
        return (exchange) -> {
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            if (exchange.getRequestURI().getPath().equals("/token")) {
                RegistryProxy
                    .respond(basic.equals(authorization) ? 200 : 401, "{\"token\":\"t1\"}", "Content-Type",
                            "application/json")
                    .respond(exchange);
            }
            else if ("Bearer t1".equals(authorization)) {
                RegistryProxy.pass(registry.uri()).respond(exchange);
            }
            else {
                RegistryProxy
                    .respond(401, "", "WWW-Authenticate",
                            "Bearer realm=\"http://" + guarded.host() + "/token\",service=\"the test\"")
                    .respond(exchange);
            }
        };
    }

    @Test
    void basicCredentialsAreReadAgainWhenTheyChange(@TempDir Path folder) throws IOException {
        // "secret", hashed with bcrypt
        String htpasswd = "ada:$2y$05$jaNDrYTAUTB6R2DI6jKCWeabDOmPG4RK5oRnmD3m3kfoap5/Yw5aC";
        try (RegistryProcess closed = RegistryProcess.start("ada:secret", htpasswd);
                RegistryClient withLogin = registries(config(folder, closed.host(), "ada:wrong"), closed.host())) {
            closed.push("team/basic", "v1", "linux/amd64");
            assertThat(withLogin.check(closed.host() + "/team/basic:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            Path config = config(folder, closed.host(), "ada:secret");
            Files.setLastModifiedTime(config, FileTime.fromMillis(1));
            assertThat(withLogin.check(closed.host() + "/team/basic:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
            assertThat(withLogin.check(closed.host() + "/team/basic:v2", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
        }
    }

    @Test
    void tokenRealmThatIsNotAllowedIsNeverContacted() {
        try (RegistryProxy realm = new RegistryProxy(registry.uri())) {
            proxy.fault(RegistryProxy.respond(401, "", "WWW-Authenticate",
                    "Bearer realm=\"http://" + realm.host() + "/token\",service=\"test\""));
            assertThat(check("team/realm:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(realm.takeRequests()).isEmpty();
        }
    }

    @Test
    void passwordIsNotSentToTheTargetOfARedirect(@TempDir Path folder) throws IOException {
        try (RegistryProxy other = new RegistryProxy(registry.uri());
                RegistryClient both = registries(config(folder, proxy.host(), "ada:secret"), proxy.host(),
                        other.host())) {
            proxy.fault((exchange) -> redirect(exchange, "http://" + other.host() + exchange.getRequestURI()));
            other.fault(RegistryProxy.respond(401, "", "WWW-Authenticate",
                    "Bearer realm=\"http://" + other.host() + "/token\""));
            assertThat(both.check(proxy.host() + "/team/one:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
            assertThat(other.takeRequests()).hasSize(1);
        }
    }

    private static Path config(Path folder, String host, String login) throws IOException {
        String auth = Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
        return Files.writeString(folder.resolve("config.json"),
                "{\"auths\":{\"http://" + host + "/v1/\":{\"auth\":\"" + auth + "\"}}}");
    }

}
