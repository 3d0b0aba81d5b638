package dev.dejavu.api;

import java.net.http.HttpResponse;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static java.time.Duration.ofDays;
import static org.assertj.core.api.Assertions.assertThat;

class CostHttpTests {

    abstract static class Contract {

        private Http http = new Http(0);

        @Autowired
        private SettableClock clock;

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

        @ParameterizedTest
        @ValueSource(strings = { "images", "bundles" })
        void isKeptAndReturnedAndPartOfTheETag(String cache) {
            Sample sample = sample(cache);
            String plain = header(http.put(sample.path(), sample.body()), "ETag");
            HttpResponse<String> stored = put(sample, "{\"seconds\":4.1,\"bytes\":1200000}");
            assertThat(json(stored).path("cost")).hasToString("{\"seconds\":4.1,\"bytes\":1200000}");
            assertThat(http.get(sample.path()).body()).isEqualTo(stored.body());
            assertThat(header(stored, "ETag")).isNotEqualTo(plain);
            HttpResponse<String> without = put(sample, "{\"seconds\":0}");
            assertThat(json(without).path("cost")).hasToString("{\"seconds\":0.0}");
            assertThat(header(without, "ETag")).isNotEqualTo(header(stored, "ETag"));
        }

        @ParameterizedTest
        @ValueSource(strings = { "images", "bundles" })
        void isKeptByAPutOfTheSameValueUntilAnotherValueOrTheEnd(String cache) {
            Sample sample = sample(cache);
            put(sample, "{\"seconds\":4.1,\"bytes\":7}");
            HttpResponse<String> renewed = http.put(sample.path(), sample.body());
            assertThat(json(renewed).path("cost")).hasToString("{\"seconds\":4.1,\"bytes\":7}");
            assertThat(http.get(sample.path()).body()).isEqualTo(renewed.body());
            Sample other = sample.other("a");
            assertThat(json(http.put(other.path(), other.body())).has("cost")).isFalse();
            put(sample, "{\"seconds\":4.1}");
            clock.advance(ofDays(31));
            assertThat(json(http.put(sample.path(), sample.body())).has("cost")).isFalse();
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`',
                value = { "{} | cost.seconds", "{\"seconds\":null} | cost.seconds",
                        "{\"seconds\":-0.001} | cost.seconds", "{\"seconds\":86400.1} | cost.seconds",
                        "{\"seconds\":1e999} | cost.seconds", "{\"seconds\":\"4\"} | cost.seconds",
                        "{\"seconds\":\"NaN\"} | cost.seconds", "{\"seconds\":\"\"} | cost.seconds",
                        "{\"bytes\":1} | cost.seconds", "{\"seconds\":true} | cost.seconds",
                        "{\"seconds\":1,\"bytes\":-1} | cost.bytes",
                        "{\"seconds\":1,\"bytes\":1125899906842625} | cost.bytes",
                        "{\"seconds\":1,\"bytes\":99999999999999999999} | cost.bytes",
                        "{\"seconds\":1,\"bytes\":1.5} | cost.bytes", "{\"seconds\":1,\"bytes\":\"1\"} | cost.bytes",
                        "4 | cost", "[] | cost", "\"4\" | cost" })
        void malformed_is400NamingTheMember(String cost, String member) {
            for (Sample sample : new Sample[] { Sample.image(), Sample.bundle() }) {
                assertProblem(put(sample, cost), 400, "malformed-body", member);
                assertThat(http.get(sample.path()).statusCode()).isEqualTo(404);
            }
        }

        private static Sample sample(String cache) {
            return cache.equals("images") ? Sample.image() : Sample.bundle();
        }

        private HttpResponse<String> put(Sample sample, String cost) {
            return http.put(sample.path(), sample.withJson("cost", cost).body());
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgresql extends Contract {

    }

}
