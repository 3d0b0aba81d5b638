package dev.dejavu.savings;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Grant;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

class SavingsHttpTests {

    abstract static class Contract {

        private Http http = new Http(0);

        @Autowired
        private SettableClock clock;

        @Autowired
        private LedgerFlush flush;

        @Autowired
        private LedgerRepository ledger;

        @Autowired
        private LedgerCounters counters;

        /** A day that no other test has. */
        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
            assertThat(flush.flush()).isTrue();
            clock.advance(Duration.ofDays(3));
        }

        @Test
        void hitSavesTheCostOfItsEntryAndAReportSpends() {
            String repository = repository();
            Sample image = put(Sample.image(Sample.SCOPE, repository), "{\"seconds\":4.5,\"bytes\":1000}");
            String missing = Keys.next().hex();
            for (int i = 0; i < 3; i++) {
                assertThat(http.get(image.path()).statusCode()).isEqualTo(200);
            }
            http.post("/images/lookup", "{\"hashes\":[\"" + image.key() + "\",\"" + missing + "\"]}");
            http.get("/images/" + missing);
            report("{\"cache\":\"images\",\"scope\":\"" + Sample.SCOPE
                    + "\",\"asked\":6,\"hits\":4,\"seconds\":0.75,\"client\":\"test/1\"}");
            JsonNode savings = savings("repository");
            assertRow(savings.path("total"), 4, 2, 18, 0, 4000, 0.75);
            assertThat(savings.at("/total/asked").asInt()).isEqualTo(6);
            assertThat(savings.at("/total/net_seconds").asDouble()).isEqualTo(17.25);
            assertThat(savings.at("/total/reported_asked").asInt()).isEqualTo(6);
            assertThat(savings.at("/total/reported_hits").asInt()).isEqualTo(4);
            assertThat(savings.at("/rows/0/key").asString()).isEqualTo(repository);
            assertRow(savings.at("/rows/0"), 4, 0, 18, 0, 4000, 0);
            assertThat(savings.at("/rows/1").has("key")).isFalse();
            assertRow(savings.at("/rows/1"), 0, 2, 0, 0, 0, 0.75);
            assertRow(row(savings("scope"), Sample.SCOPE), 4, 0, 18, 0, 4000, 0.75);
            assertRow(row(savings("cache"), "images"), 4, 2, 18, 0, 4000, 0.75);
            for (String by : List.of("day", "hour")) {
                JsonNode times = savings(by);
                assertThat(times.path("rows")).hasSize(1);
                assertThat(Instant.parse(times.at("/rows/0/from").asString())).isBeforeOrEqualTo(clock.instant())
                    .isAfter(clock.instant().minus(Duration.ofDays(1)));
                assertRow(times.at("/rows/0"), 4, 2, 18, 0, 4000, 0.75);
            }
        }

        @Test
        void hitOfACallerThatHasAValueConfirmsAndSavesNothing() {
            String repository = repository();
            Sample image = put(Sample.image(Sample.SCOPE, repository), "{\"seconds\":4.5,\"bytes\":1000}");
            Sample unpriced = Sample.image(Sample.SCOPE, repository());
            http.put(unpriced.path(), unpriced.body());
            String tag = header(http.get(image.path()), "ETag");
            assertThat(http.get(image.path(), "If-None-Match", tag).statusCode()).isEqualTo(304);
            assertThat(http.get(image.path(), "If-None-Match", "\"another\"").statusCode()).isEqualTo(200);
            assertThat(http.get(image.path(), "If-None-Match", "W/\"another\"").statusCode()).isEqualTo(200);
            assertThat(http.get(unpriced.path(), "If-None-Match", "\"another\"").statusCode()).isEqualTo(200);
            String missing = "/images/" + Keys.next().hex();
            assertThat(http.get(missing, "If-None-Match", tag).statusCode()).isEqualTo(404);
            report("{\"cache\":\"images\",\"asked\":6,\"hits\":5,\"confirmed\":4,\"seconds\":0}");
            JsonNode total = savings("day").path("total");
            assertRow(total, 5, 1, 4.5, 0, 1000, 0);
            assertThat(total.path("asked").asInt()).isEqualTo(6);
            assertThat(total.path("confirmed").asInt()).isEqualTo(4);
            assertThat(total.path("reported_confirmed").asInt()).isEqualTo(4);
            assertThat(row(savings("repository"), repository).path("confirmed").asInt()).isEqualTo(3);
        }

        @Test
        void lossIsShownAsALoss() {
            report("{\"reports\":[{\"cache\":\"images\",\"asked\":1,\"hits\":0,\"seconds\":1.5},"
                    + "{\"cache\":\"bundles\",\"asked\":1,\"hits\":0,\"seconds\":2}]}");
            assertThat(savings("day").at("/total/net_seconds").asDouble()).isEqualTo(-3.5);
            assertThat(row(savings("cache"), "bundles").path("net_seconds").asDouble()).isEqualTo(-2);
        }

        @ParameterizedTest
        @CsvSource({ "0, 0", "1, 60", "1440, 86400" })
        void usage_secondsOfItsKeys_isCounted(int asked, double seconds) {
            report("{\"cache\":\"images\",\"asked\":" + asked + ",\"hits\":0,\"seconds\":" + seconds + "}");
            assertRow(savings("day").path("total"), 0, 0, 0, 0, 0, seconds);
        }

        @Test
        void hitWithoutACostIsEstimatedByTheMedianOfItsRepositoryElseOfTheCache() {
            String repository = repository();
            for (int seconds : new int[] { 5, 1, 1000 }) {
                put(Sample.image(Sample.SCOPE, repository),
                        "{\"seconds\":" + seconds + ",\"bytes\":" + seconds + "00}");
            }
            Sample image = Sample.image(Sample.SCOPE, repository);
            http.put(image.path(), image.body());
            http.get(image.path());
            http.get(image.path());
            assertRow(row(savings("repository"), repository), 2, 0, 10, 10, 1000, 0);
            // All newest costs of the cache are the same.
            for (int i = 0; i < 101; i++) {
                clock.advance(Duration.ofMillis(1));
                put(Sample.image(Sample.SCOPE, repository()), "{\"seconds\":7}");
            }
            clock.advance(Duration.ofMinutes(6));
            Sample other = Sample.image(Sample.SCOPE, repository());
            http.put(other.path(), other.body());
            http.get(other.path());
            assertRow(row(savings("repository"), other.value().replaceFirst(":[^:]*$", "")), 1, 0, 7, 7, 0, 0);
        }

        @Test
        void entryWithoutPartsCountsUnderTheRepositoryOfItsUri() {
            String repository = repository();
            Sample image = Sample.image(Sample.SCOPE, repository).withoutParts();
            put(image, "{\"seconds\":2}");
            http.get(image.path());
            JsonNode row = row(savings("repository"), repository);
            assertRow(row, 1, 0, 2, 0, 0, 0);
            assertThat(savings("scope").at("/rows/0").has("key")).isFalse();
        }

        @Test
        void sameSavingsAreNotModified() {
            String tag = header(http.get("/savings?to=2026-02-01"), "ETag");
            assertThat(http.get("/savings?to=2026-02-01", "If-None-Match", tag).statusCode()).isEqualTo(304);
            HttpResponse<String> untilNow = http.get("/savings");
            assertThat(header(untilNow, "ETag")).isEmpty();
            assertThat(header(untilNow, "Cache-Control")).isEqualTo("no-cache");
        }

        @Test
        void numberThatWasGivenBeforeAddsNothing() {
            LedgerRow row = new LedgerRow(new LedgerKey(hour(), "images", "s", "r"),
                    new Amounts(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
            String source = Keys.next().hex();
            ledger.add(source, 1, List.of(row));
            ledger.add(source, 1, List.of(row));
            ledger.add(source, 2, List.of(row));
            ledger.add(source, 1, List.of(row));
            ledger.add(Keys.next().hex(), 1, List.of(row));
            Amounts three = new Amounts(3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39);
            assertThat(sum(By.HOUR)).isEqualTo(three);
            assertThat(sum(By.CACHE)).isEqualTo(three);
        }

        @Test
        void limitedCallerReadsItsScopeAmongManyOverManyDays() {
            int days = 60;
            Instant last = clock.instant().truncatedTo(ChronoUnit.DAYS);
            for (int day = 0; day < days; day++) {
                long hour = last.minus(Duration.ofDays(day)).toEpochMilli();
                ledger.add(Keys.next().hex(), 1,
                        IntStream.range(0, 900)
                            .mapToObj((scope) -> new LedgerRow(new LedgerKey(hour, "images", "s" + scope, "r"),
                                    new Amounts(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)))
                            .toList());
            }
            Grant mine = new Grant(List.of("s7"::equals), List.of());
            Ledger limited = new Ledger(ledger, counters, () -> new Caller("ada", "", false, false, mine, mine));
            Instant from = last.minus(Duration.ofDays(days - 1)).plus(Duration.ofHours(1));
            Savings byDay = limited.read(from, last.plus(Duration.ofDays(1)), By.DAY);
            assertThat(byDay.rows()).hasSize(days - 1);
            assertThat(byDay.total().hits()).isEqualTo(days - 1);
            assertThat(limited.read(from, last.plus(Duration.ofDays(1)), By.SCOPE).rows()).singleElement()
                .satisfies((row) -> assertThat(row.hits()).isEqualTo(days - 1));
        }

        @Test
        void todayIsSummedByItsDayInPlaceOfItsHours() {
            long day = hour() / 86_400_000 * 86_400_000;
            Instant from = Instant.ofEpochMilli(day);
            Instant to = clock.instant().plusMillis(1);
            ledger.add(Keys.next().hex(), 1, List.of(new LedgerRow(new LedgerKey(hour(), "images", "s", "r"),
                    new Amounts(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13))));
            List<LedgerSum> sums = ledger.sum(from, to, By.SCOPE, false, 100);
            assertThat(ledger.pruneHours(Instant.ofEpochMilli(day + 86_400_000), day, 100)).isNotEmpty();
            assertThat(ledger.sum(from, to, By.SCOPE, false, 100)).isNotEmpty().isEqualTo(sums);
            assertThat(ledger.sum(from, Instant.ofEpochMilli(hour()), By.SCOPE, false, 100)).as("no whole day")
                .isEmpty();
        }

        @Test
        void hoursGoAndTheirDaysStay() {
            long day = hour() / 86_400_000 * 86_400_000;
            Instant next = Instant.ofEpochMilli(day + 86_400_000);
            for (int hour = 0; hour < 24; hour++) {
                for (String repository : List.of("a", "b")) {
                    ledger.add(Keys.next().hex(), 1,
                            List.of(new LedgerRow(new LedgerKey(day + hour * 3_600_000L, "images", "s", repository),
                                    new Amounts(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13))));
                }
            }
            Amounts all = sum(By.HOUR);
            assertThat(all.hits()).isEqualTo(48);
            assertThat(sum(By.DAY)).isEqualTo(all);
            Instant noon = Instant.ofEpochMilli(day).plus(Duration.ofHours(12));
            assertThat(ledger.sum(noon, noon.plus(Duration.ofHours(3)), By.CACHE, false, 100)).singleElement()
                .satisfies((sum) -> assertThat(sum.amounts().hits()).isEqualTo(6));
            assertThat(ledger.pruneHours(next, day, 30)).hasSize(30);
            assertThat(ledger.pruneHours(next, day, 30)).hasSize(18);
            assertThat(ledger.pruneHours(next, day, 30)).isEmpty();
            assertThat(sum(By.HOUR)).isEqualTo(Amounts.NONE);
            assertThat(sum(By.DAY)).isEqualTo(all);
            assertThat(ledger.prune(next, Instant.EPOCH, day, 10)).hasSize(2);
            assertThat(sum(By.DAY)).isEqualTo(Amounts.NONE);
        }

        @ParameterizedTest
        @ValueSource(strings = { "by=week", "from=yesterday", "to=2026-02-30", "from=2026-02-01&to=2026-01-01", "by=",
                "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from=1900-01-01", "to=9999-12-31",
                "since=2026-01-01", "by=day&by=hour", "by=hour&from=2025-01-01&to=2026-01-01" })
        void savings_malformedQuery_is400(String query) {
            assertProblem(http.get("/savings?" + query), 400, "malformed-query");
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '`', value = { "{} | cache",
                "{\"cache\":\"none\"} | bundles, images", "{\"cache\":\"images\",\"hits\":0,\"seconds\":1} | asked",
                "{\"cache\":\"images\",\"asked\":1,\"seconds\":1} | hits",
                "{\"cache\":\"images\",\"asked\":1,\"hits\":2,\"seconds\":1} | hits",
                "{\"cache\":\"images\",\"asked\":2,\"hits\":1,\"confirmed\":2,\"seconds\":1} | confirmed",
                "{\"cache\":\"images\",\"asked\":-1,\"hits\":0,\"seconds\":1} | asked",
                "{\"cache\":\"images\",\"asked\":10000000000000000000} | asked must be a whole number from 0 to 1000000",
                "{\"cache\":\"images\",\"asked\":1.5} | asked has the wrong type",
                "{\"cache\":\"\"} | cache must not be empty", "{\"cache\":\"images\",\"asked\":1,\"hits\":1} | seconds",
                "{\"cache\":\"images\",\"asked\":1,\"hits\":1,\"seconds\":-1} | seconds must be a number from 0 to 60",
                "{\"cache\":\"images\",\"asked\":1,\"hits\":1,\"seconds\":60.1} | seconds must be a number from 0 to 60",
                "{\"cache\":\"images\",\"asked\":0,\"hits\":0,\"seconds\":0.1} | seconds must be a number from 0 to 0",
                "{\"cache\":\"images\",\"asked\":2000,\"hits\":0,\"seconds\":86401} | from 0 to 86400",
                "{\"cache\":\"images\",\"asked\":1000001,\"hits\":0,\"seconds\":1} | asked",
                "{\"cache\":\"images\",\"asked\":1,\"hits\":1,\"seconds\":1,\"scope\":\"\"} | scope",
                "{\"reports\":[]} | reports", "{\"reports\":[null]} | reports[0]",
                "{\"reports\":[{\"reports\":[]}]} | reports[0]",
                "{\"reports\":[{\"cache\":\"images\"}]} | reports[0].asked", "[] | JSON" })
        void usage_malformed_is400NamingTheMember(String body, String detail) {
            assertProblem(http.post("/usage", body), 400, "malformed-body", detail);
        }

        @Test
        void savings_hoursThatAreNotKept_is400NamingTheOldest() {
            String oldest = clock.instant().minus(Duration.ofDays(365)).toString().substring(0, 10);
            String before = Instant.parse(oldest + "T00:00:00Z").minusMillis(1).toString();
            String to = "&to=" + oldest;
            assertProblem(http.get("/savings?by=hour&from=" + before + to), 400, "malformed-query",
                    "since " + oldest + "T00:00:00Z");
            assertThat(http.get("/savings?by=hour&from=" + oldest + to).statusCode()).isEqualTo(200);
            assertThat(http.get("/savings?by=day&from=" + before + to).statusCode()).isEqualTo(200);
        }

        private static String repository() {
            return "ghcr.io/acme/r" + Keys.next().hex().substring(0, 20);
        }

        private Sample put(Sample sample, String cost) {
            assertThat(http.put(sample.path(), sample.withJson("cost", cost).body()).statusCode()).isIn(200, 201);
            return sample;
        }

        private void report(String body) {
            assertThat(http.post("/usage", body).statusCode()).isEqualTo(204);
        }

        private long hour() {
            return clock.millis() / 3_600_000 * 3_600_000;
        }

        /** Of the whole day. */
        private Amounts sum(By by) {
            Instant day = Instant.ofEpochMilli(hour() / 86_400_000 * 86_400_000);
            return ledger.sum(day, day.plus(Duration.ofDays(1)), by, false, 100)
                .stream()
                .map(LedgerSum::amounts)
                .reduce(Amounts.NONE, Amounts::plus);
        }

        /** Of today. */
        private JsonNode savings(String by) {
            assertThat(flush.flush()).isTrue();
            String today = clock.instant().toString().substring(0, 10);
            return json(http.get("/savings?by=" + by + "&from=" + today + "&to=" + today));
        }

        private static JsonNode row(JsonNode savings, String key) {
            return savings.path("rows")
                .valueStream()
                .filter((row) -> row.path("key").asString("").equals(key))
                .findFirst()
                .orElseThrow(() -> new AssertionError(savings));
        }

        private static void assertRow(JsonNode row, int hits, int misses, double seconds, double estimated, long bytes,
                double spent) {
            assertThat(row.path("hits").asInt()).as(row.toString()).isEqualTo(hits);
            assertThat(row.path("misses").asInt()).as(row.toString()).isEqualTo(misses);
            assertThat(row.path("saved_seconds").asDouble()).as(row.toString()).isCloseTo(seconds, within(1e-6));
            assertThat(row.path("estimated_seconds").asDouble()).as(row.toString()).isCloseTo(estimated, within(1e-6));
            assertThat(row.path("saved_bytes").asLong()).as(row.toString()).isEqualTo(bytes);
            assertThat(row.path("spent_seconds").asDouble()).as(row.toString()).isCloseTo(spent, within(1e-6));
            assertThat(row.path("unpriced_hits").asInt()).as(row.toString()).isZero();
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
