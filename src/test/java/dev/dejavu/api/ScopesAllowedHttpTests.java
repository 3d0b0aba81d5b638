package dev.dejavu.api;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;

class ScopesAllowedHttpTests {

    @TestPropertySource(properties = { "dejavu.scopes.allowed=https://flyte.example.com,https://*.corp.example:proj:*",
            "dejavu.verification.enabled=false" })
    abstract static class Contract {

        private Http http;

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

        @ParameterizedTest
        @CsvSource({ "https://other.example.com:proj:dev, scope-not-allowed",
                "https://a.corp.example:other:dev, scope-not-allowed", "dns:///localhost:30080:proj:dev, not-shareable",
                "https://a.10.0.0.1.nip.io:proj:dev, not-shareable" })
        void put_ofAnotherBackend_is422AndNothingIsStored(String scope, String problem) {
            Sample image = Sample.image(scope, "ghcr.io/acme/app");
            Sample bundle = Sample.bundle(scope);
            for (Sample sample : new Sample[] { image, bundle }) {
                assertProblem(http.put(sample.path(), sample.body()), 422, problem, "scope");
                assertProblem(http.get(sample.path()), 404, "miss");
            }
            assertProblem(http.post("/images/resolve", image.body()), 422, problem, "scope");
        }

        @ParameterizedTest
        @CsvSource({ "https://flyte.example.com:any:one", "dns:///flyte.example.com:any:one",
                "https://a.corp.example:proj:prod", "::" })
        void put_ofABackendOfTheTeam_is201(String scope) {
            Sample image = Sample.image(scope, "ghcr.io/acme/app");
            assertThat(http.put(image.path(), image.body()).statusCode()).isEqualTo(201);
            assertProblem(http.post("/images/resolve", Sample.image(scope, "ghcr.io/acme/app").body()), 404, "miss");
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

}
