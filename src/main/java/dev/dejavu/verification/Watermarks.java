package dev.dejavu.verification;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.Prunable;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Watermark;
import dev.dejavu.cache.WatermarkTable;

/**
 * The watermarks of all repositories, in memory. The change feed keeps them up; while
 * that is not current, {@link #refresh} reads what is new. Knowing too little here never
 * makes an answer wrong: who remembers a lower number than there was is only checked once
 * more.
 */
@Component
class Watermarks implements ChangeListener, Prunable {

    /** So that clocks may differ, and what was taken over is as old as its source. */
    private static final Duration SLACK = Duration.ofDays(1);

    private final WatermarkTable table;

    private final ChangeFeed changes;

    private final VerificationProperties properties;

    private final Clock clock;

    private final WatermarkFolding folding = new WatermarkFolding(this);

    /** {@code null} until they are loaded. */
    private volatile @Nullable KnownWatermarks marks;

    /** The last number that is known to have been given. */
    private volatile long known;

    /** The same, if perhaps by a database that is lost. */
    private volatile long highest;

    /** All watermarks with a number up to it are here. */
    private volatile long completeUpTo;

    private volatile Duration longestTtl = Duration.ZERO;

    private volatile Consumer<Watermark> onPending = (watermark) -> {
    };

    Watermarks(WatermarkTable table, ChangeFeed changes, VerificationProperties properties, Clock clock) {
        this.table = table;
        this.changes = changes;
        this.properties = properties;
        this.clock = clock;
    }

    /** Keeps watermarks for as long as an entry can live. */
    synchronized void keepFor(Duration ttl) {
        longestTtl = (ttl.compareTo(longestTtl) > 0) ? ttl : longestTtl;
    }

    /** Tells of each watermark that another instance, or an earlier one, left pending. */
    void onPending(Consumer<Watermark> listener) {
        this.onPending = listener;
    }

    /** Raises the watermarks of events, on all instances. */
    List<Watermark> raise(List<RegistryEvent> events, boolean isRaisedAgain) {
        List<Watermark> changed = table.raise(events, isRaisedAgain, highest);
        changed.forEach(this::add);
        folding.start(changed);
        return changed;
    }

    /** Raises once more what is pending in a range of numbers. */
    List<Watermark> raiseAgain(long from, long upTo) {
        List<Watermark> changed = table.raiseAgain(from, upTo, highest);
        changed.forEach(this::add);
        return changed;
    }

    /** Those that are known of a repository, or of {@link Watermark#EVERYTHING}. */
    int size(String repository) {
        KnownWatermarks current = marks;
        return (current != null) ? current.size(repository) : 0;
    }

    /** As {@link WatermarkTable#fold}: whether there was something to replace. */
    boolean fold(String repository, int limit) {
        List<Watermark> folded = table.fold(repository, limit, highest);
        folded.forEach(this::add);
        return !folded.isEmpty();
    }

    /** The number of an entry that is taken back now. */
    long next() {
        long number = table.next(highest);
        know(number);
        return number;
    }

    /**
     * The number that a verification knows which begins now: whatever has no higher one
     * happened before it.
     */
    long asOf() {
        refresh();
        return known;
    }

    /**
     * Reads what is new, unless the change feed brings it. To be called before entries
     * are judged that were not found in memory alone.
     */
    void refresh() {
        if (marks == null) {
            load();
        }
        else if (!changes.isCurrent()) {
            long from = completeUpTo;
            WatermarkTable.Raised read = table.findRaisedAfter(from);
            if (read.number() < from) {
                // The database is not the one that it was, as after a fail-over to a
                // standby that lags. Only what it says counts now.
                reload();
            }
            else {
                read.watermarks().forEach(this::add);
                complete(read.number());
            }
        }
    }

    /** Loads them once for all that wait. */
    private synchronized void load() {
        if (marks == null) {
            reload();
        }
    }

    private synchronized void reload() {
        WatermarkTable.Raised all = table.findRaisedAfter(0);
        marks = new KnownWatermarks(all.watermarks());
        known = all.number();
        highest = Math.max(highest, known);
        completeUpTo = all.number();
        all.watermarks().stream().filter(Watermark::isPending).forEach((watermark) -> onPending.accept(watermark));
    }

    private synchronized void complete(long number) {
        completeUpTo = Math.max(completeUpTo, number);
        know(number);
    }

    private void know(long number) {
        if (number > known) {
            synchronized (this) {
                known = Math.max(known, number);
                highest = Math.max(highest, number);
            }
        }
    }

    private synchronized void add(Watermark watermark) {
        if (marks != null) {
            marks.add(watermark);
        }
        know(watermark.latest());
    }

    @Override
    public void onWatermark(Watermark watermark) {
        add(watermark);
        // Others with its number may follow.
        complete(watermark.latest() - 1);
        if (watermark.isPending()) {
            onPending.accept(watermark);
        }
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        // Entries say themselves what they know.
    }

    @Override
    public void onReset() {
        reload();
    }

    /**
     * Whether an entry may not be true any more since it was verified.
     * @param isVerifiable whether its registry may be asked: a push makes nothing untrue
     * that nobody can confirm
     */
    boolean concern(VerifiableEntry entry, Predicate<VerifiableEntry> isVerifiable) {
        if (entry.verification().isTakenBack()) {
            // The next check knows it, too.
            know(entry.verification().invalidatedAsOf());
            return true;
        }
        KnownWatermarks current = marks;
        return entry.verification().isInvalidated() || current == null || current.concern(entry, isVerifiable);
    }

    /** Whether its registry sent any event about its repository since a number. */
    boolean isRaisedSince(String repository, long number) {
        KnownWatermarks current = marks;
        return current == null || current.isRaisedSince(repository, number);
    }

    /** Whether anything was pushed to its repository since a number. */
    boolean isPushedSince(String repository, long number) {
        KnownWatermarks current = marks;
        return current == null || current.isPushedSince(repository, number);
    }

    @Override
    public String name() {
        return "watermarks";
    }

    @Override
    public List<Long> pruneExpired(long from, int limit) {
        Instant before = clock.instant().minus(longestTtl).minus(properties.freshnessLifetime()).minus(SLACK);
        forgetRaisedBefore(before);
        return table.prune(before, from, limit);
    }

    private synchronized void forgetRaisedBefore(Instant time) {
        if (marks != null) {
            marks.removeRaisedBefore(time);
        }
    }

}
