package dev.dejavu.cache;

import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableClock;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The HTTP API that both caches share. A test class per cache supplies its paths and
 * names.
 */
public abstract class CacheHttpContract {

    protected Http http = new Http(0);

    @Autowired
    protected SettableClock clock;

    @BeforeEach
    void connect(@LocalServerPort int port) {
        http = new Http(port);
    }

    /** As in {@code /images}. */
    protected abstract String path();

    /** As in {@code hash}. */
    protected abstract String keyName();

    /** As in {@code image_uri}. */
    protected abstract String valueName();

    /** All members of an entry that was stored without the parts of its key. */
    protected abstract List<String> members();

    /** A value that no other test uses. */
    protected abstract String newValue();

    /** The smallest body that stores the value. */
    protected abstract String body(String value);

    @Test
    void entry_new_is201WithLocationAndTheEntry() {
        CacheKey key = Keys.next();
        String value = newValue();
        HttpResponse<String> response = http.put(path(key), body(value));
        assertThat(response.statusCode()).isEqualTo(201);
        assertThat(header(response, "Location")).isEqualTo(path(key));
        assertEntry(response, key, value);
    }

    @Test
    void entry_replaced_is200WithTheNewEntryAndANewETag() {
        CacheKey key = Keys.next();
        HttpResponse<String> first = http.put(path(key), body(newValue()));
        String value = newValue();
        HttpResponse<String> second = http.put(path(key), body(value));
        assertThat(second.statusCode()).isEqualTo(200);
        assertEntry(second, key, value);
        assertThat(header(second, "ETag")).isNotEqualTo(header(first, "ETag"));
        assertThat(header(second, "Location")).isEmpty();
    }

    @Test
    void entry_known_is200AndTheSameAsStored() {
        CacheKey key = Keys.next();
        String value = newValue();
        HttpResponse<String> stored = http.put(path(key), body(value));
        HttpResponse<String> found = http.get(path(key));
        assertThat(found.statusCode()).isEqualTo(200);
        assertThat(found.body()).isEqualTo(stored.body());
        assertThat(header(found, "ETag")).isEqualTo(header(stored, "ETag"));
        assertEntry(found, key, value);
    }

    @Test
    void entry_head_isGetWithoutBody() {
        CacheKey key = stored();
        HttpResponse<String> head = http.head(path(key));
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(header(head, "ETag")).isEqualTo(header(http.get(path(key)), "ETag"));
        assertThat(http.head(path(Keys.next())).statusCode()).isEqualTo(404);
    }

    @Test
    void entry_matchingETag_is304() {
        CacheKey key = stored();
        String tag = header(http.get(path(key)), "ETag");
        HttpResponse<String> response = http.get(path(key), "If-None-Match", tag);
        assertThat(response.statusCode()).isEqualTo(304);
        assertThat(response.body()).isEmpty();
        assertThat(header(response, "ETag")).isEqualTo(tag);
        assertThat(header(response, "Cache-Control")).isEqualTo("no-cache");
        assertThat(http.get(path(key), "If-None-Match", "\"other\"").statusCode()).isEqualTo(200);
        assertThat(http.get(path(key), "If-None-Match", "\"other\", " + tag).statusCode()).isEqualTo(304);
        http.put(path(key), body(newValue()));
        assertThat(http.get(path(key), "If-None-Match", tag).statusCode()).isEqualTo(200);
    }

    @Test
    void entry_putIfMatch_replacesOnlyWhatTheTagNames() {
        CacheKey key = Keys.next();
        assertProblem(putIf(key, "If-Match", "*"), 412, "precondition-failed");
        assertProblem(http.get(path(key)), 404, "miss");
        String first = header(http.put(path(key), body(newValue())), "ETag");
        HttpResponse<String> second = putIf(key, "If-Match", "\"other\", " + first);
        assertThat(second.statusCode()).isEqualTo(200);
        clock.advance(Duration.ofMillis(1));
        assertProblem(putIf(key, "If-Match", first), 412, "precondition-failed");
        assertThat(http.get(path(key)).body()).isEqualTo(second.body());
        assertThat(putIf(key, "If-Match", "*").statusCode()).isEqualTo(200);
    }

    @Test
    void entry_putIfNoneMatch_createsOnly() {
        CacheKey key = Keys.next();
        assertThat(putIf(key, "If-None-Match", "*").statusCode()).isEqualTo(201);
        assertProblem(putIf(key, "If-None-Match", "*"), 412, "precondition-failed");
        clock.advance(Duration.ofDays(30));
        assertThat(putIf(key, "If-None-Match", "*").statusCode()).isEqualTo(201);
    }

    private HttpResponse<String> putIf(CacheKey key, String condition, String tag) {
        return http.send("PUT", path(key), BodyPublishers.ofString(body(newValue())), "Content-Type",
                "application/json", condition, tag);
    }

    @Test
    void entry_unknown_is404Miss() {
        assertProblem(http.get(path(Keys.next())), 404, "miss");
    }

    @Test
    void entry_expired_is404Miss() {
        CacheKey key = stored();
        String tag = header(http.get(path(key)), "ETag");
        clock.advance(Duration.ofDays(30));
        assertProblem(http.get(path(key)), 404, "miss");
        assertProblem(http.get(path(key), "If-None-Match", tag), 404, "miss");
    }

    @Test
    void entry_removed_is204AndThenAMiss() {
        CacheKey key = stored();
        assertThat(http.delete(path(key)).statusCode()).isEqualTo(204);
        assertProblem(http.get(path(key)), 404, "miss");
        assertThat(http.delete(path(key)).statusCode()).isEqualTo(204);
    }

    @ParameterizedTest
    @ValueSource(strings = { "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789", "abc", "0",
            "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde%2F", "%2F", "a%2Fb", "..%2Fstats", "%20",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0", "%C3%A9", "%F0%9F%98%80",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\u0661" })
    void entry_malformedKey_is400(String key) {
        String path = path() + "/" + key.replace("\u0661", "%D9%A1");
        assertProblem(http.get(path), 400, "malformed-key");
        assertProblem(http.delete(path), 400, "malformed-key");
        assertProblem(http.put(path, body(newValue())), 400, "malformed-key");
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "{", "[]", "\"text\"", "7", "null", "{} {}", "{\"a\":1,\"a\":2}", "{'a':1}" })
    void entry_bodyNotAnObject_is400(String body) {
        assertProblem(http.put(path(Keys.next()), body), 400, "malformed-body");
    }

    @Test
    void entry_bodyNotUtf8_is400() {
        byte[] body = body(newValue()).replace(":", "\u00ff:").getBytes(ISO_8859_1);
        assertProblem(http.send("PUT", path(Keys.next()), BodyPublishers.ofByteArray(body), "Content-Type",
                "application/json"), 400, "malformed-body");
    }

    @Test
    void entry_valueMissingEmptyOrOfAnotherType_is400AndNamesIt() {
        String good = body(newValue());
        for (String bad : List.of("null", "\"\"", "5", "true", "1.5", "[]", "{}", "[\"a\"]")) {
            String body = good.replaceFirst("\"" + valueName() + "\":\"[^\"]*\"", "\"" + valueName() + "\":" + bad);
            assertThat(body).isNotEqualTo(good);
            assertProblem(http.put(path(Keys.next()), body), 400, "malformed-body", valueName());
        }
        assertProblem(http.put(path(Keys.next()), "{}"), 400, "malformed-body");
    }

    @Test
    void entry_unknownMember_isIgnored() {
        String body = body(newValue()).replaceFirst("\\{", "{\"from_the_future\":{\"a\":[1]},");
        assertThat(http.put(path(Keys.next()), body).statusCode()).isEqualTo(201);
    }

    @Test
    void entry_bodyOver16KiB_is413WithAndWithoutLength() {
        String fill = " ".repeat(16 * 1024);
        String exact = body(newValue());
        exact += fill.substring(exact.length());
        assertThat(http.put(path(Keys.next()), exact).statusCode()).isEqualTo(201);
        String larger = exact + " ";
        assertProblem(http.put(path(Keys.next()), larger), 413, "too-large");
        assertProblem(http.send("PUT", path(Keys.next()),
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(larger.getBytes(UTF_8))), "Content-Type",
                "application/json"), 413, "too-large");
    }

    @Test
    void entry_otherContentType_is415() {
        assertProblem(http.send("PUT", path(Keys.next()), BodyPublishers.ofString(body(newValue())), "Content-Type",
                "text/plain"), 415, "about:blank");
        assertProblem(http.send("PUT", path(Keys.next()), BodyPublishers.ofString(body(newValue()))), 415,
                "about:blank");
    }

    @Test
    void entry_otherMethod_is405WithAllow() {
        HttpResponse<String> response = http.send("PATCH", path(Keys.next()), BodyPublishers.ofString("{}"));
        assertProblem(response, 405, "about:blank");
        assertThat(header(response, "Allow").split(", ?")).containsExactlyInAnyOrder("GET", "HEAD", "PUT", "DELETE");
        assertThat(header(http.post(path(), "{}"), "Allow").split(", ?")).containsExactlyInAnyOrder("GET", "HEAD",
                "DELETE");
    }

    @Test
    void entry_otherAccept_is406() {
        assertProblem(http.get(path(stored()), "Accept", "text/html"), 406, "about:blank");
        CacheKey key = Keys.next();
        assertProblem(http.send("PUT", path(key), BodyPublishers.ofString(body(newValue())), "Content-Type",
                "application/json", "Accept", "text/html"), 406, "about:blank");
        assertProblem(http.get(path(key), "Accept", "application/json"), 404, "miss");
    }

    @Test
    void entry_pathBelow_is404() {
        assertProblem(http.get(path(Keys.next()) + "/more"), 404, "about:blank");
        assertProblem(http.get(path() + "/"), 404, "about:blank");
    }

    @Test
    void list_pages_haveNoGapAndTheLastHasNoNext() {
        http.delete(path());
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            clock.advance(Duration.ofMillis(i % 2));
            keys.add(stored().hex());
        }
        JsonNode first = json(http.get(path() + "?limit=3"));
        assertThat(first.path("entries")).hasSize(3);
        JsonNode second = json(http.get(path() + "?limit=3&after=" + first.path("next").asString()));
        assertThat(second.path("entries")).hasSize(2);
        assertThat(second.has("next")).isFalse();
        List<String> listed = new ArrayList<>();
        first.path("entries").forEach((entry) -> listed.add(entry.path(keyName()).asString()));
        second.path("entries").forEach((entry) -> listed.add(entry.path(keyName()).asString()));
        assertThat(listed).containsExactlyInAnyOrderElementsOf(keys);
        assertThat(json(http.get(path() + "?limit=5")).has("next")).isFalse();
    }

    @Test
    void list_matchingETag_is304UntilSomethingChanges() {
        stored();
        HttpResponse<String> list = http.get(path());
        assertThat(header(list, "Cache-Control")).isEqualTo("no-cache");
        String tag = header(list, "ETag");
        assertThat(http.get(path(), "If-None-Match", tag).statusCode()).isEqualTo(304);
        stored();
        assertThat(http.get(path(), "If-None-Match", tag).statusCode()).isEqualTo(200);
    }

    @Test
    void list_ofOneValue_hasItsEntriesOnly() {
        String value = newValue();
        CacheKey key = Keys.next();
        http.put(path(key), body(value));
        stored();
        JsonNode entries = json(http.get(path() + "?" + valueName() + "=" + value)).path("entries");
        assertThat(entries).hasSize(1);
        assertThat(entries.path(0).path(keyName()).asString()).isEqualTo(key.hex());
        assertThat(json(http.get(path() + "?" + valueName() + "=none")).path("entries")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = { "limit=0", "limit=501", "limit=-1", "limit=x", "limit=", "limit=99999999999", "after=x",
            "after=", "after=1", "after=1-2", "limit=1&limit=2", "colour=red", "limit=%00",
            "after=9999999999999999999-0123456789abcdef0123456789abcdef" })
    void list_malformedQuery_is400(String query) {
        assertProblem(http.get(path() + "?" + query), 400, "malformed-query");
    }

    @Test
    void list_malformedValue_is400AndNamesIt() {
        assertProblem(http.get(path() + "?" + valueName() + "="), 400, "malformed-query", valueName());
        assertProblem(http.get(path() + "?" + valueName() + "=a%00b"), 400, "malformed-query", valueName());
    }

    @Test
    void all_removed_returnsTheirNumber() {
        http.delete(path());
        CacheKey key = stored();
        stored();
        HttpResponse<String> response = http.delete(path());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("{\"removed\":2}");
        assertProblem(http.get(path(key)), 404, "miss");
        assertThat(http.delete(path()).body()).isEqualTo("{\"removed\":0}");
    }

    @Test
    void all_removedOfOneValue_leavesTheOthers() {
        String value = newValue();
        http.put(path(Keys.next()), body(value));
        CacheKey other = stored();
        assertThat(http.delete(path() + "?" + valueName() + "=" + value).body()).isEqualTo("{\"removed\":1}");
        assertThat(http.get(path(other)).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = { "uri=x", "limit=1", "%s=", "%s=x&%s=y", "%s=x&other=y", "%s=%%00" })
    void all_malformedQuery_is400AndRemovesNothing(String query) {
        CacheKey other = stored();
        assertProblem(http.delete(path() + "?" + query.formatted(valueName(), valueName())), 400, "malformed-query");
        assertThat(http.get(path(other)).statusCode()).isEqualTo(200);
    }

    @Test
    void lookup_entriesAndMissing_areListedOnceInTheOrderRequested() {
        CacheKey one = stored();
        CacheKey two = stored();
        CacheKey unknown = Keys.next();
        CacheKey expired = stored();
        clock.advance(Duration.ofDays(30));
        http.put(path(one), body(newValue()));
        http.put(path(two), body(newValue()));
        HttpResponse<String> response = http.post(path() + "/lookup",
                keys(List.of(two.hex(), unknown.hex(), one.hex(), expired.hex(), two.hex())));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "ETag")).matches("\"[0-9a-f]+\"");
        assertThat(header(response, "Cache-Control")).isEqualTo("no-cache");
        JsonNode body = json(response);
        assertThat(body.path("entries")).extracting((entry) -> entry.path(keyName()).asString())
            .containsExactly(two.hex(), one.hex());
        assertThat(body.path("missing")).extracting(JsonNode::asString).containsExactly(unknown.hex(), expired.hex());
        assertThat(body.path("entries").path(0)).isEqualTo(json(http.get(path(two))));
    }

    @Test
    void lookup_thousandKeys_is200AndOneMoreIs400() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            keys.add(Keys.next().hex());
        }
        HttpResponse<String> response = http.post(path() + "/lookup", keys(keys));
        assertThat(json(response).path("missing")).hasSize(1000);
        keys.add(Keys.next().hex());
        assertProblem(http.post(path() + "/lookup", keys(keys)), 400, "malformed-body", keysName());
    }

    @Test
    void lookup_malformedBody_is400() {
        String name = keysName();
        for (String bad : List.of("{}", "{'%s':null}", "{'%s':[]}", "{'%s':'abc'}", "{'%s':[null]}", "{'%s':[5]}",
                "{'%s':['']}", "{'%s':{}}")) {
            String body = bad.formatted(name).replace('\'', '"');
            assertProblem(http.post(path() + "/lookup", body), 400, "malformed-body", name);
        }
        assertProblem(http.post(path() + "/lookup", keys(List.of("ABC"))), 400, "malformed-key");
    }

    @Test
    void lookup_bodyOver160KiB_is413() {
        String body = keys(List.of(Keys.next().hex()));
        String exact = body + " ".repeat(160 * 1024 - body.length());
        assertThat(http.post(path() + "/lookup", exact).statusCode()).isEqualTo(200);
        assertProblem(http.post(path() + "/lookup", exact + " "), 413, "too-large");
    }

    @Test
    void lookup_get_isAMalformedKey() {
        assertProblem(http.get(path() + "/lookup"), 400, "malformed-key");
    }

    @Test
    void stats_countLookupsAndWrites() {
        String name = path().substring(1);
        JsonNode before = json(http.get("/stats")).path(name);
        CacheKey key = stored();
        http.get(path(key));
        http.head(path(key));
        http.get(path(Keys.next()));
        http.post(path() + "/lookup", keys(List.of(key.hex(), Keys.next().hex())));
        JsonNode after = json(http.get("/stats")).path(name);
        assertThat(increase(before, after, "entries")).isEqualTo(1);
        assertThat(increase(before, after, "writes")).isEqualTo(1);
        assertThat(increase(before, after, "hits")).isEqualTo(3);
        assertThat(increase(before, after, "misses")).isEqualTo(2);
        assertThat(after.path("pruned").isIntegralNumber()).isTrue();
        assertThat(http.get("/actuator/prometheus").body()).contains(
                "dejavu_lookups_total{cache=\"%s\",result=\"hit\"} %s.0".formatted(name, after.path("hits")),
                "dejavu_lookups_total{cache=\"%s\",result=\"miss\"} %s.0".formatted(name, after.path("misses")),
                "dejavu_writes_total{cache=\"%s\"} %s.0".formatted(name, after.path("writes")),
                "dejavu_pruned_total{cache=\"%s\"} %s.0".formatted(name, after.path("pruned")),
                "dejavu_entries{cache=\"%s\"} %s.0".formatted(name, after.path("entries")));
    }

    /**
     * Asserts that a member of a PUT is kept as it is, and checked.
     * @param maxLength of its text
     */
    protected void assertOptionalText(String member, int maxLength) {
        CacheKey key = Keys.next();
        String value = newValue();
        String text = "\u00e9 \uD83D\uDE00 \"".repeat(maxLength).substring(0, maxLength - 1).stripTrailing() + "?";
        String longest = text + "x".repeat(maxLength - text.length());
        assertThat(http.put(path(key), body(value)).body()).doesNotContain(member);
        String before = header(http.get(path(key)), "ETag");
        assertThat(json(http.put(path(key), with(member, quoted(longest), value))).path(member).asString())
            .isEqualTo(longest);
        // from the table, and from the near cache
        for (int i = 0; i < 3; i++) {
            HttpResponse<String> found = http.get(path(key));
            assertThat(json(found).path(member).asString()).isEqualTo(longest);
            assertThat(header(found, "ETag")).isNotEqualTo(before);
        }
        assertThat(json(http.post(path() + "/lookup", keys(List.of(key.hex())))).at("/entries/0/" + member).asString())
            .isEqualTo(longest);
        assertThat(json(http.get(path() + "?" + valueName() + "=" + value)).at("/entries/0/" + member).asString())
            .isEqualTo(longest);
        assertProblem(http.put(path(key), with(member, quoted(longest + "x"), value)), 422, "too-long", member);
        for (String bad : List.of("\"\"", "\"a\\nb\"", "\"\\u0000\"", "\"\\ud800\"", "1", "true", "[\"a\"]", "{}")) {
            assertProblem(http.put(path(key), with(member, bad, value)), 400, "malformed-body");
        }
        assertThat(json(http.get(path(key))).path(member).asString()).isEqualTo(longest);
        assertThat(json(http.put(path(key), with(member, "null", value))).has(member)).isFalse();
        assertThat(json(http.put(path(key), with(member, "\"a\"", value))).has(member)).isTrue();
        assertThat(json(http.put(path(key), body(value))).has(member)).isFalse();
        assertThat(json(http.get(path(key))).has(member)).isFalse();
    }

    private static String quoted(String text) {
        return '"' + text.replace("\"", "\\\"") + '"';
    }

    private String with(String member, String json, String value) {
        return body(value).replaceFirst("\\{", Matcher.quoteReplacement("{\"" + member + "\":" + json + ","));
    }

    protected CacheKey stored() {
        CacheKey key = Keys.next();
        assertThat(http.put(path(key), body(newValue())).statusCode()).isEqualTo(201);
        return key;
    }

    protected String path(CacheKey key) {
        return path() + "/" + key;
    }

    private String keysName() {
        return keyName().equals("hash") ? "hashes" : "digests";
    }

    private String keys(List<String> keys) {
        return "{\"" + keysName() + "\":[\"" + String.join("\",\"", keys) + "\"]}";
    }

    private void assertEntry(HttpResponse<String> response, CacheKey key, String value) {
        assertThat(header(response, "Content-Type")).isEqualTo("application/json");
        assertThat(header(response, "ETag")).matches("\"[0-9a-f]{32}\"");
        assertThat(header(response, "Cache-Control")).isEqualTo("no-cache");
        JsonNode entry = json(response);
        assertThat(entry.path(keyName()).asString()).isEqualTo(key.hex());
        assertThat(entry.path(valueName()).asString()).isEqualTo(value);
        Instant createdAt = Instant.parse(entry.path("created_at").asString());
        assertThat(createdAt).isEqualTo(clock.instant());
        assertThat(Instant.parse(entry.path("expires_at").asString())).isEqualTo(createdAt.plus(Duration.ofDays(30)));
        assertThat(entry.propertyNames()).containsExactlyInAnyOrderElementsOf(members());
    }

    private static long increase(JsonNode before, JsonNode after, String name) {
        return after.path(name).asLong() - before.path(name).asLong();
    }

}
