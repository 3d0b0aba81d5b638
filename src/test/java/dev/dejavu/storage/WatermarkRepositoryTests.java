package dev.dejavu.storage;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.RegistryEvent.Kind;
import dev.dejavu.cache.Watermark;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

class WatermarkRepositoryTests {

    private static final String FILL = """
            with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 20000)
            insert into registry_watermark (repository, subject, deleted_number, moved_number, pushed_number, latest_number,
                raised_at)
            select 'r/many', '@' || n, -n, 0, 0, -n, 1000000 + n from numbers
            """;

    abstract static class Contract {

        @Autowired
        private WatermarkRepository table;

        @Autowired
        private SettableClock clock;

        private static RegistryEvent event(Kind kind, String repository, @Nullable String tag,
                @Nullable String digest) {
            return new RegistryEvent(kind, repository, tag, digest);
        }

        private Watermark raise(boolean again, Kind kind, String repository, @Nullable String tag,
                @Nullable String digest) {
            return table.raise(List.of(event(kind, repository, tag, digest)), again, 0).getLast();
        }

        @Test
        void eachEventHasTheNextNumberAndIsReadAgain() {
            long before = table.next(0);
            List<Watermark> raised = table.raise(List.of(event(Kind.DELETE, "r/numbers", null, "sha256:a"),
                    event(Kind.DELETE, "r/numbers", "v1", null), event(Kind.DELETE, "r/numbers", null, null),
                    event(Kind.PUSH, "r/other", null, "sha256:b")), false, 0);
            long number = before + 1;
            assertThat(raised).containsExactlyInAnyOrder(deleted("r/numbers", "@sha256:a", number),
                    deleted("r/numbers", ":v1", number), deleted("r/numbers", "", number),
                    new Watermark("r/other", "", 0, 0, number, null, number, 0, clock.instant()));
            assertThat(table.findRaisedAfter(before).number()).isEqualTo(number);
            assertThat(table.findRaisedAfter(before).watermarks()).containsExactlyInAnyOrderElementsOf(raised);
            assertThat(table.findRaisedAfter(number).watermarks()).isEmpty();
            assertThat(table.next(0)).isEqualTo(number + 1);
        }

        private Watermark deleted(String repository, String subject, long number) {
            return new Watermark(repository, subject, number, 0, 0, null, number, 0, clock.instant());
        }

        @Test
        void pushesOfOneTagAreMergedWithoutALoss() {
            long first = raise(false, Kind.PUSH, "r/merge", "v1", "sha256:a").latest();
            assertTag(raise(false, Kind.PUSH, "r/merge", "v1", "sha256:a"), 0, 0, first + 1, "sha256:a");
            assertTag(raise(false, Kind.PUSH, "r/merge", "v1", "sha256:b"), 0, first + 1, first + 2, "sha256:b");
            assertTag(raise(false, Kind.DELETE, "r/merge", "v1", null), first + 3, first + 1, first + 2, "sha256:b");
            assertTag(raise(false, Kind.PUSH, "r/merge", "v1", null), first + 3, first + 4, first + 2, "sha256:b");
            assertTag(raise(false, Kind.PUSH, "r/merge", "v1", "sha256:c"), first + 3, first + 4, first + 5,
                    "sha256:c");
            assertThat(table.findRaisedAfter(first + 4).watermarks())
                .filteredOn((mark) -> mark.repository().equals("r/merge") && mark.isOfWhole())
                .extracting(Watermark::pushed)
                .containsExactly(first + 5);
        }

        private static void assertTag(Watermark mark, long deleted, long moved, long pushed, String digest) {
            assertThat(List.of(mark.subject(), mark.deleted(), mark.moved(), mark.pushed(), mark.latest(),
                    String.valueOf(mark.pushedDigest())))
                .isEqualTo(List.of(":v1", deleted, moved, pushed, Math.max(deleted, Math.max(moved, pushed)), digest));
        }

        @Test
        void whatIsPendingIsRaisedAgainOnceAndNothingElse() {
            long first = raise(false, Kind.DELETE, "r/again", "v1", null).latest();
            Watermark pending = raise(true, Kind.PUSH, "r/again", "v1", "sha256:a");
            assertThat(pending.isPending()).isTrue();
            long last = raise(true, Kind.DELETE, "r/again", null, "sha256:b").latest();
            List<Watermark> again = table.raiseAgain(pending.latest(), pending.latest(), 0);
            assertThat(again).filteredOn((mark) -> mark.subject().equals(":v1"))
                .containsExactly(
                        new Watermark("r/again", ":v1", first, 0, last + 1, "sha256:a", last + 1, 0, clock.instant()));
            assertThat(table.raiseAgain(pending.latest(), pending.latest(), 0)).isEmpty();
            assertThat(table.next(0)).isEqualTo(last + 2);
            assertThat(table.raiseAgain(last, last + 2, 0)).extracting(Watermark::subject).containsExactly("@sha256:b");
        }

        @Test
        void streamOfOtherEventsPostponesNoSecondRaise() {
            long deleted = raise(true, Kind.DELETE, "r/stream", "v1", null).latest();
            long first = raise(true, Kind.PUSH, "r/stream", "v1", "sha256:a").latest();
            long second = raise(true, Kind.PUSH, "r/stream", "v1", "sha256:b").latest();
            Watermark mark = again(deleted);
            long number = second + 1;
            assertTag(mark, number, first, second, "sha256:b");
            assertThat(mark.pending()).isEqualTo(first);
            assertThat(table.raiseAgain(deleted, deleted, 0)).isEmpty();
            long third = raise(true, Kind.PUSH, "r/stream", "v1", "sha256:b").latest();
            mark = again(first);
            // and it is not raised a third time
            assertTag(mark, number, third + 1, third, "sha256:b");
            assertThat(mark.pending()).isEqualTo(third);
            mark = again(third);
            assertTag(mark, number, third + 1, third + 2, "sha256:b");
            assertThat(mark.isPending()).isFalse();
        }

        private Watermark again(long number) {
            return table.raiseAgain(number, number, 0)
                .stream()
                .filter((mark) -> mark.tag() != null)
                .findFirst()
                .orElseThrow();
        }

        @Test
        void oldestAreFoldedIntoTheRepository() {
            table.raiseAgain(1, Long.MAX_VALUE, 0);
            List<RegistryEvent> events = new ArrayList<>();
            for (int i = 0; i < 250; i++) {
                events.add(event(Kind.DELETE, "r/fold", null, "sha256:" + i));
            }
            // of 100 events each has the same number
            List<Watermark> raised = table.raise(events, false, 0);
            long middle = raised.get(150).latest();
            Watermark whole = table.fold("r/fold", 150, 0).getFirst();
            assertThat(whole)
                .isEqualTo(new Watermark("r/fold", "", middle, middle, 0, null, whole.latest(), 0, clock.instant()));
            assertThat(of("r/fold")).hasSize(51);
        }

        private List<Watermark> of(String repository) {
            return table.findRaisedAfter(0)
                .watermarks()
                .stream()
                .filter((mark) -> mark.repository().equals(repository))
                .toList();
        }

        @Test
        void whatIsPendingIsNotFolded() {
            table.raiseAgain(1, Long.MAX_VALUE, 0);
            raise(false, Kind.DELETE, "r/pending", "v1", null);
            long pushed = raise(false, Kind.PUSH, "r/pending", "v2", "sha256:a").latest();
            Watermark pending = raise(true, Kind.DELETE, "r/pending", "v3", null);
            raise(false, Kind.DELETE, "r/pending", "v4", null);
            Watermark whole = table.fold("r/pending", 100, 0).getFirst();
            assertThat(List.of(whole.deleted(), whole.moved(), whole.pushed())).containsExactly(pushed - 1, pushed,
                    pushed);
            assertThat(of("r/pending")).extracting(Watermark::subject).containsExactlyInAnyOrder("", ":v3", ":v4");
            assertThat(table.fold("r/pending", 100, 0)).isEmpty();
            assertThat(table.raiseAgain(pending.pending(), pending.pending(), 0)).extracting(Watermark::subject)
                .containsExactly(":v3");
            assertThat(table.fold("r/pending", 100, 0)).hasSize(1);
            assertThat(of("r/pending")).hasSize(1);
        }

        @Test
        void oldestOfAllAreFoldedIntoOne() {
            table.raiseAgain(1, Long.MAX_VALUE, 0);
            long before = table.next(0);
            long number = 0;
            for (int i = 0; i < 10; i++) {
                number = raise(false, Kind.DELETE, "r/all" + i, null, null).latest();
            }
            List<Watermark> folded = List.of();
            for (long upTo = 0; upTo < number; upTo = folded.getFirst().moved()) {
                folded = table.fold(Watermark.EVERYTHING, 5, 0);
            }
            assertThat(folded.getFirst().repository()).isEqualTo(Watermark.EVERYTHING);
            assertThat(folded.getFirst().isOfWhole()).isTrue();
            assertThat(folded.getFirst().deleted()).isEqualTo(number);
            assertThat(table.findRaisedAfter(before).watermarks()).isEqualTo(folded);
        }

        @Test
        void manyAreReadPageByPage(@Autowired JdbcClient writer) {
            writer.sql(FILL.replace("-n", "n")).update();
            try {
                assertThat(of("r/many")).hasSize(20_000).doesNotHaveDuplicates();
            }
            finally {
                writer.sql("delete from registry_watermark where repository = 'r/many'").update();
            }
        }

        @Test
        void numberIsHigherThanOneThatALostDatabaseGave() {
            long number = table.next(0);
            assertThat(table.next(number + 10)).isEqualTo(number + 11);
            assertThat(table.raise(List.of(event(Kind.DELETE, "r/lost", "v1", null)), true, number + 20)
                .getFirst()
                .latest()).isEqualTo(number + 21);
            assertThat(table.raiseAgain(number + 21, number + 21, number + 30)).extracting(Watermark::latest)
                .containsExactly(number + 31);
        }

        @Test
        void oldOnesArePruned() {
            clock.advance(Duration.ofDays(100));
            long old = raise(false, Kind.DELETE, "r/old", null, null).latest();
            clock.advance(Duration.ofMillis(1));
            long young = raise(false, Kind.DELETE, "r/young", null, null).latest();
            assertThat(table.prune(clock.instant().minusMillis(1), Long.MIN_VALUE, 1000)).contains(clock.millis() - 1)
                .doesNotContain(clock.millis());
            assertThat(table.findRaisedAfter(old - 1).watermarks()).extracting(Watermark::latest)
                .containsExactly(young);
        }

        @Test
        void newOnesAndOldOnesAreFoundByIndexAmongMany(@Autowired JdbcClient reader, @Autowired JdbcClient writer,
                @Autowired CacheDatabase database) {
            long number = table.next(0);
            writer.sql(FILL).update();
            writer.sql("analyze registry_watermark").update();
            String explain = database.rowLock().isEmpty() ? "explain query plan " : "explain ";
            Map<String, Object> parameters = new HashMap<>(
                    Map.of("number", number, "from", number, "upTo", number + 1, "cutoff", 0L, "limit", 10L));
            parameters.putAll(Map.of("subject", "", "repository", "r/many", "before", 0L));
            String oldest = WatermarkSql.OLDEST;
            Map<String, String> indexes = Map.of(WatermarkSql.PAGE, "registry_watermark_latest_number",
                    WatermarkSql.FIND_PENDING, "registry_watermark_pending", WatermarkSql.FIRST_PENDING,
                    "registry_watermark_pending", WatermarkSql.PRUNE.replace("{lock}", ""),
                    "registry_watermark_raised_at",
                    oldest.replace("{which}", WatermarkSql.OF_ALL.replace(":repository", "'*'")),
                    "registry_watermark_latest_number", oldest.replace("{which}", WatermarkSql.OF_REPOSITORY),
                    "registry_watermark_repository");
            try {
                indexes.forEach((sql,
                        index) -> assertThat(
                                reader.sql(explain + sql).params(parameters).query().listOfRows().toString())
                            .contains(index)
                            .doesNotContain("Seq Scan on registry_watermark")
                            .doesNotContainPattern(
                                    "SCAN registry_watermark(?! USING INDEX registry_watermark_pending)"));
            }
            finally {
                writer.sql("delete from registry_watermark where repository = 'r/many'").update();
            }
        }

        @Test
        void concurrentRaisesFoldsAndPrunesDoNotDeadlock() throws Exception {
            List<Callable<Boolean>> calls = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                int n = i;
                calls.add(() -> {
                    List<RegistryEvent> events = new ArrayList<>();
                    for (int tag = 0; tag < 20; tag++) {
                        events.add(event(Kind.DELETE, "r/busy", "v" + ((n % 2 == 0) ? tag : 20 - tag), null));
                    }
                    long number = table.raise(events, true, 0).getFirst().latest();
                    table.raiseAgain(number, number, 0);
                    table.fold("r/busy", 5, 0);
                    table.prune(clock.instant().minus(Duration.ofDays(1000)), Long.MIN_VALUE, 10);
                    return true;
                });
            }
            try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
                for (Future<Boolean> call : executor.invokeAll(calls)) {
                    assertThat(call.get()).isTrue();
                }
            }
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
