package dev.dejavu.storage;

import java.time.Duration;
import java.util.ArrayList;
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
                settled_number, raised_at)
            select 'r/many', '@' || n, -n, 0, 0, -n, 0, 1000000 + n from numbers
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
            return table.raise(List.of(event(kind, repository, tag, digest)), again).getLast();
        }

        @Test
        void eachEventHasTheNextNumberAndIsReadAgain() {
            long before = table.next();
            List<Watermark> raised = table.raise(List.of(event(Kind.DELETE, "r/numbers", null, "sha256:a"),
                    event(Kind.DELETE, "r/numbers", "v1", null), event(Kind.DELETE, "r/numbers", null, null),
                    event(Kind.PUSH, "r/other", null, "sha256:b")), false);
            long number = before + 1;
            assertThat(raised).containsExactlyInAnyOrder(deleted("r/numbers", "@sha256:a", number),
                    deleted("r/numbers", ":v1", number), deleted("r/numbers", "", number),
                    new Watermark("r/other", "", 0, 0, number, null, number, number, clock.instant()));
            assertThat(table.findRaisedAfter(before).number()).isEqualTo(number);
            assertThat(table.findRaisedAfter(before).watermarks()).containsExactlyInAnyOrderElementsOf(raised);
            assertThat(table.findRaisedAfter(number).watermarks()).isEmpty();
            assertThat(table.next()).isEqualTo(number + 1);
        }

        private Watermark deleted(String repository, String subject, long number) {
            return new Watermark(repository, subject, number, 0, 0, null, number, number, clock.instant());
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
            List<Watermark> again = table.raiseAgain(pending.latest(), pending.latest());
            assertThat(again).filteredOn((mark) -> mark.subject().equals(":v1"))
                .containsExactly(new Watermark("r/again", ":v1", first, 0, last + 1, "sha256:a", last + 1, last + 1,
                        clock.instant()));
            assertThat(table.raiseAgain(pending.latest(), pending.latest())).isEmpty();
            assertThat(table.next()).isEqualTo(last + 2);
            assertThat(table.raiseAgain(last, last + 2)).extracting(Watermark::subject).containsExactly("@sha256:b");
        }

        @Test
        void olderHalfIsFoldedIntoTheRepository() {
            List<RegistryEvent> events = new ArrayList<>();
            for (int i = 0; i < 250; i++) {
                events.add(event(Kind.DELETE, "r/fold", null, "sha256:" + i));
            }
            // of 100 events each has the same number
            List<Watermark> raised = table.raise(events, false);
            long middle = raised.get(150).latest();
            Watermark whole = table.fold("r/fold").getFirst();
            assertThat(whole).isEqualTo(
                    new Watermark("r/fold", "", middle, 0, 0, null, whole.latest(), whole.latest(), clock.instant()));
            assertThat(table.findRaisedAfter(0).watermarks()).filteredOn((mark) -> mark.repository().equals("r/fold"))
                .hasSize(51);
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
            long number = table.next();
            writer.sql(FILL).update();
            writer.sql("analyze registry_watermark").update();
            String explain = database.rowLock().isEmpty() ? "explain query plan " : "explain ";
            Map<String, Long> parameters = Map.of("number", number, "from", number, "upTo", number + 1, "cutoff", 0L,
                    "limit", 10L);
            Map<String, String> indexes = Map.of(WatermarkSql.RAISED_AFTER, "registry_watermark_latest_number",
                    WatermarkSql.FIND_PENDING, "registry_watermark_latest_number", WatermarkSql.PRUNE,
                    "registry_watermark_raised_at");
            try {
                indexes.forEach((sql,
                        index) -> assertThat(
                                reader.sql(explain + sql).params(parameters).query().listOfRows().toString())
                            .contains(index)
                            .doesNotContain("SCAN registry_watermark", "Seq Scan on registry_watermark"));
            }
            finally {
                writer.sql("delete from registry_watermark where repository = 'r/many'").update();
            }
        }

        @Test
        void concurrentRaisesAndPrunesDoNotDeadlock() throws Exception {
            List<Callable<Boolean>> calls = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                int n = i;
                calls.add(() -> {
                    List<RegistryEvent> events = new ArrayList<>();
                    for (int tag = 0; tag < 20; tag++) {
                        events.add(event(Kind.DELETE, "r/busy", "v" + ((n % 2 == 0) ? tag : 20 - tag), null));
                    }
                    long number = table.raise(events, true).getFirst().latest();
                    table.raiseAgain(number, number);
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
