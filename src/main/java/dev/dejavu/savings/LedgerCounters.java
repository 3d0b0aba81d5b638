package dev.dejavu.savings;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.Lookup;
import dev.dejavu.cache.VerifiableEntry;

/**
 * What was saved and spent since it was last taken.
 */
@Component
class LedgerCounters implements CacheObserver {

    /** Beyond, what is new is summed by hour and cache alone. */
    static final int MAX_KEYS = 10_000;

    /** Of an hour: readers may report any, and each is a row. */
    static final int MAX_REPORTED_SCOPES = 200;

    private static final long HOUR = 3_600_000;

    private final ConcurrentHashMap<LedgerKey, LedgerCell> cells = new ConcurrentHashMap<>();

    private final Set<LedgerKey> reported = ConcurrentHashMap.newKeySet();

    private final Clock clock;

    LedgerCounters(Clock clock) {
        this.clock = clock;
    }

    @Override
    public void onLookup(Lookup lookup) {
        long hour = hour();
        for (CacheEntry hit : lookup.hits()) {
            LedgerKey key = keyOf(hour, lookup.cache(), hit);
            LedgerCell cell = cell(key);
            if (lookup.isConfirmation()) {
                cell.addConfirmed();
            }
            else {
                cell.addHit(hit.key().isInBase() ? hit.cost() : null);
            }
            keep(key, cell);
        }
        if (!lookup.misses().isEmpty()) {
            LedgerKey key = new LedgerKey(hour, lookup.cache(), "", "");
            LedgerCell cell = cell(key);
            cell.addMisses(lookup.misses().size());
            keep(key, cell);
        }
    }

    void add(UsageReport report) {
        LedgerKey key = bounded(new LedgerKey(hour(), report.cache(), report.scope(), ""));
        LedgerCell cell = cell(key);
        cell.addReport(report);
        keep(key, cell);
    }

    private LedgerKey bounded(LedgerKey key) {
        if (reported.contains(key)) {
            return key;
        }
        reported.removeIf((other) -> other.hour() != key.hour());
        if (reported.size() >= MAX_REPORTED_SCOPES) {
            return key.withoutParts();
        }
        reported.add(key);
        return key;
    }

    private long hour() {
        return hour(clock.millis());
    }

    /** When the hour of a time began, epoch milliseconds. */
    static long hour(long millis) {
        return millis - Math.floorMod(millis, HOUR);
    }

    private static LedgerKey keyOf(long hour, String cache, CacheEntry entry) {
        KeyParts parts = entry.parts();
        if (!entry.key().isInBase()) {
            // What is in an overlay is nobody else's to see, nor its cost to believe.
            return new LedgerKey(hour, cache, "", "");
        }
        if (parts == null) {
            return new LedgerKey(hour, cache, "",
                    (entry instanceof VerifiableEntry) ? repositoryOf(entry.value()) : "");
        }
        return new LedgerKey(hour, cache, parts.scope(), orEmpty(parts.repository()));
    }

    private static String orEmpty(@Nullable String text) {
        return (text != null) ? text : "";
    }

    /** As in the parts: a reference without its tag and its digest. */
    private static String repositoryOf(String reference) {
        int at = reference.indexOf('@');
        int end = (at >= 0) ? at : reference.length();
        int colon = reference.lastIndexOf(':', end - 1);
        return reference.substring(0, (colon > reference.lastIndexOf('/', end - 1)) ? colon : end);
    }

    private LedgerCell cell(LedgerKey key) {
        LedgerCell cell = cells.get(key);
        if (cell != null) {
            return cell;
        }
        LedgerKey counted = (cells.mappingCount() < MAX_KEYS) ? key : key.withoutParts();
        return cells.computeIfAbsent(counted, (any) -> new LedgerCell());
    }

    /** Keeps what was added to a cell that was closed meanwhile. */
    private void keep(LedgerKey key, LedgerCell cell) {
        LedgerCell added = cell;
        while (added.isClosed()) {
            Amounts rest = added.take();
            added = cell(key);
            added.add(rest);
        }
    }

    /** Takes what there is, in the order of the keys. Cells that were idle go. */
    List<LedgerRow> take() {
        List<LedgerRow> rows = new ArrayList<>();
        cells.forEach((key, cell) -> {
            Amounts amounts = cell.take();
            if (amounts.isEmpty()) {
                cells.remove(key);
                cell.close();
                amounts = cell.take();
            }
            if (!amounts.isEmpty()) {
                rows.add(new LedgerRow(key, amounts));
            }
        });
        rows.sort(Comparator.comparing(LedgerRow::key));
        return rows;
    }

}
