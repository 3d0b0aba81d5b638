package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;
import dev.dejavu.cache.Watermark;
import dev.dejavu.cache.WatermarkTable;
import dev.dejavu.testing.Keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What an instance knows of watermarks while its change feed comes and goes.
 */
class WatermarksTests {

    private static final Instant TIME = Instant.parse("2026-03-01T00:00:00Z");

    private final Table table = new Table();

    private boolean current;

    private final Watermarks watermarks = new Watermarks(table, () -> current,
            new VerificationProperties(true, Duration.ofHours(1), false, Duration.ZERO, Duration.ZERO, 10),
            Clock.fixed(TIME, ZoneOffset.UTC));

    private boolean isConcerned(String tag, long asOf) {
        return watermarks.concern(new Entry(tag, Verification.byClient(TIME).withAsOf(asOf)), (entry) -> true);
    }

    private Watermark deleted(String subject, long number, Instant at) {
        table.number = Math.max(table.number, number);
        Watermark watermark = new Watermark("r/app", subject, number, 0, 0, null, number, 0, at);
        table.rows.add(watermark);
        return watermark;
    }

    @Test
    void everythingIsConcernedBeforeTheyAreLoaded() {
        current = true;
        assertThat(isConcerned("v1", 100)).isTrue();
        watermarks.refresh();
        assertThat(isConcerned("v1", 0)).isFalse();
    }

    @Test
    void whatIsNewIsReadOnlyWhileTheFeedIsNotCurrent() {
        assertThat(watermarks.asOf()).isEqualTo(1);
        deleted(":v1", 2, TIME);
        current = true;
        assertThat(watermarks.asOf()).isEqualTo(1);
        assertThat(isConcerned("v1", 1)).isFalse();
        current = false;
        assertThat(watermarks.asOf()).isEqualTo(2);
        assertThat(isConcerned("v1", 1)).isTrue();
        assertThat(isConcerned("v1", 2)).isFalse();
        assertThat(isConcerned("v2", 1)).isFalse();
    }

    @Test
    void secondOfTwoWithOneNumberIsReadWhenTheFeedBreaksBetweenThem() {
        current = true;
        watermarks.refresh();
        watermarks.onWatermark(deleted(":v1", 2, TIME));
        deleted(":v2", 2, TIME);
        assertThat(isConcerned("v2", 1)).isFalse();
        current = false;
        watermarks.refresh();
        assertThat(isConcerned("v2", 1)).isTrue();
    }

    @Test
    void restoredDatabaseCounts() {
        deleted(":v1", 9, TIME);
        assertThat(watermarks.asOf()).isEqualTo(9);
        table.rows.clear();
        table.number = 0;
        deleted(":v2", 3, TIME);
        assertThat(watermarks.asOf()).isEqualTo(3);
        assertThat(isConcerned("v2", 2)).isTrue();
        assertThat(isConcerned("v1", 2)).isFalse();
    }

    @Test
    void numberOfAnEntryThatWasTakenBackIsKnownWithIt() {
        current = true;
        Verification takenBack = Verification.byClient(TIME).withAsOf(1).withInvalidatedAsOf(7);
        watermarks.refresh();
        assertThat(watermarks.concern(new Entry("v1", takenBack), (entry) -> true)).isTrue();
        assertThat(watermarks.asOf()).isEqualTo(7);
    }

    @Test
    void whatAnOlderVersionInvalidatedIsConcerned() {
        watermarks.refresh();
        assertThat(watermarks.concern(new Entry("v1", Verification.byClient(TIME).withAsOf(1).asInvalidated()),
                (entry) -> true))
            .isTrue();
    }

    @Test
    void pushMovesNoEntryThatNobodyCanConfirm() {
        table.rows.add(new Watermark("r/app", ":v1", 0, 0, 5, "sha256:a", 5, 0, TIME));
        watermarks.onReset();
        Entry entry = new Entry("v1", Verification.byClient(TIME).withAsOf(4));
        assertThat(watermarks.concern(entry, (one) -> true)).isTrue();
        assertThat(watermarks.concern(entry, (one) -> false)).isFalse();
    }

    @Test
    void eventGetsAHigherNumberThanALostDatabaseGave() {
        deleted(":v1", 9, TIME);
        assertThat(watermarks.asOf()).isEqualTo(9);
        table.rows.clear();
        table.number = 5;
        current = true;
        watermarks.onReset();
        assertThat(watermarks.asOf()).isEqualTo(5);
        watermarks.raise(List.of(new RegistryEvent(RegistryEvent.Kind.DELETE, "r/app", "v1", null)), false);
        // A check that began before the loss may not hide it.
        assertThat(isConcerned("v1", 9)).isTrue();
        assertThat(watermarks.next()).isEqualTo(11);
    }

    @Test
    void tooManyOfARepositoryAreFolded() {
        raise(WatermarkFolding.MAX_OF_REPOSITORY, "r/app", "v");
        assertThat(table.folded).isEmpty();
        raise(1, "r/app", "w");
        await().until(() -> table.folded.contains("r/app"));
        assertThat(table.folded).doesNotContain(Watermark.EVERYTHING);
    }

    @Test
    void tooManyOfAllRepositoriesAreFolded() {
        for (int i = 0; i < 10; i++) {
            raise(WatermarkFolding.MAX_OF_ALL / 10, "r/app" + i, "v");
        }
        assertThat(table.folded).isEmpty();
        raise(1, "r/other", "v");
        await().until(() -> table.folded.contains(Watermark.EVERYTHING));
        assertThat(table.folded).containsOnly(Watermark.EVERYTHING);
    }

    private void raise(int count, String repository, String tag) {
        watermarks.refresh();
        watermarks.raise(IntStream.range(0, count)
            .mapToObj((i) -> new RegistryEvent(RegistryEvent.Kind.DELETE, repository, tag + i, null))
            .toList(), false);
    }

    @Test
    void whatIsFoldedConcernsAllRepositories() {
        deleted(":v1", 3, TIME);
        watermarks.refresh();
        watermarks.onWatermark(new Watermark(Watermark.EVERYTHING, "", 3, 4, 0, null, 6, 0, TIME));
        assertThat(watermarks.size("r/app")).isZero();
        assertThat(isConcerned("v2", 2)).isTrue();
        assertThat(isConcerned("v2", 3)).isTrue();
        assertThat(isConcerned("v2", 4)).isFalse();
        Entry entry = new Entry("v2", Verification.byClient(TIME).withAsOf(3));
        assertThat(watermarks.concern(entry, (one) -> false)).isFalse();
        assertThat(watermarks.isPushedSince("r/app", 3)).isTrue();
        assertThat(watermarks.isPushedSince("r/app", 4)).isFalse();
    }

    @Test
    void oldOnesAreForgotten() {
        watermarks.keepFor(Duration.ofDays(30));
        Instant oldest = TIME.minus(Duration.ofDays(31)).minus(Duration.ofHours(1));
        deleted(":v1", 2, oldest.minusMillis(1));
        deleted(":v2", 3, oldest);
        watermarks.refresh();
        watermarks.pruneExpired(Long.MIN_VALUE, 10);
        assertThat(table.prunedBefore).isEqualTo(oldest);
        assertThat(isConcerned("v1", 1)).isFalse();
        assertThat(isConcerned("v2", 1)).isTrue();
    }

    private static final class Table implements WatermarkTable {

        private final List<Watermark> rows = new ArrayList<>();

        private final List<String> folded = new CopyOnWriteArrayList<>();

        private long number = 1;

        private @Nullable Instant prunedBefore;

        @Override
        public long next(long known) {
            number = Math.max(number, known) + 1;
            return number;
        }

        @Override
        public List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain, long known) {
            long raised = next(known);
            return events.stream()
                .map((event) -> new Watermark(event.repository(), ":" + event.tag(), raised, 0, 0, null, raised, 0,
                        TIME))
                .toList();
        }

        @Override
        public List<Watermark> raiseAgain(long from, long upTo, long known) {
            return List.of();
        }

        @Override
        public Raised findRaisedAfter(long after) {
            return new Raised(number, rows.stream().filter((mark) -> mark.latest() > after).toList());
        }

        @Override
        public List<Watermark> fold(String repository, int limit, long known) {
            folded.add(repository);
            return List.of();
        }

        @Override
        public List<Long> prune(Instant raisedBefore, long from, int limit) {
            prunedBefore = raisedBefore;
            return List.of();
        }

    }

    private record Entry(String tag, Verification verification) implements VerifiableEntry {

        @Override
        public CacheKey key() {
            return Keys.next();
        }

        @Override
        public @Nullable KeyParts parts() {
            return null;
        }

        @Override
        public String value() {
            return "r/app:" + tag;
        }

        @Override
        public @Nullable Cost cost() {
            return null;
        }

        @Override
        public Instant createdAt() {
            return TIME;
        }

        @Override
        public Instant expiresAt() {
            return TIME;
        }

        @Override
        public @Nullable String writtenBy() {
            return null;
        }

        @Override
        public CacheEntry withWrittenBy(@Nullable String name) {
            return this;
        }

        @Override
        public Instant firstPutAt() {
            return TIME;
        }

        @Override
        public String registryRepository() {
            return "r/app";
        }

        @Override
        public String registryTag() {
            return tag;
        }

        @Override
        public List<String> platforms() {
            return List.of();
        }

        @Override
        public VerifiableEntry withVerification(Verification other) {
            return new Entry(tag, other);
        }

        @Override
        public VerifiableEntry asStale() {
            return this;
        }

    }

}
