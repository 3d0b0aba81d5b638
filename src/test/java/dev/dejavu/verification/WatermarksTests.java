package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;
import dev.dejavu.cache.Watermark;
import dev.dejavu.cache.WatermarkTable;
import dev.dejavu.testing.Keys;

import static org.assertj.core.api.Assertions.assertThat;

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
        Watermark watermark = new Watermark("r/app", subject, number, 0, 0, null, number, number, at);
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
        table.rows.add(new Watermark("r/app", ":v1", 0, 0, 5, "sha256:a", 5, 5, TIME));
        watermarks.onReset();
        Entry entry = new Entry("v1", Verification.byClient(TIME).withAsOf(4));
        assertThat(watermarks.concern(entry, (one) -> true)).isTrue();
        assertThat(watermarks.concern(entry, (one) -> false)).isFalse();
    }

    @Test
    void tooManyAreFolded() {
        List<RegistryEvent> events = new ArrayList<>();
        for (int i = 0; i <= Watermarks.MAX_SUBJECTS; i++) {
            events.add(new RegistryEvent(RegistryEvent.Kind.DELETE, "r/app", "v" + i, null));
        }
        watermarks.refresh();
        watermarks.raise(events.subList(0, Watermarks.MAX_SUBJECTS), false);
        assertThat(table.folded).isEmpty();
        watermarks.raise(events, false);
        assertThat(table.folded).containsExactly("r/app");
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

        private final List<String> folded = new ArrayList<>();

        private long number = 1;

        private @Nullable Instant prunedBefore;

        @Override
        public long next() {
            return ++number;
        }

        @Override
        public List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain) {
            long raised = next();
            return events.stream()
                .map((event) -> new Watermark(event.repository(), ":" + event.tag(), raised, 0, 0, null, raised, raised,
                        TIME))
                .toList();
        }

        @Override
        public List<Watermark> raiseAgain(long from, long upTo) {
            return List.of();
        }

        @Override
        public Raised findRaisedAfter(long after) {
            return new Raised(number, rows.stream().filter((mark) -> mark.latest() > after).toList());
        }

        @Override
        public List<Watermark> fold(String repository) {
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
