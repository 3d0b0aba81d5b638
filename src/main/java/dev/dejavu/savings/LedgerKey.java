package dev.dejavu.savings;

import java.util.Comparator;

/**
 * What amounts are summed by.
 *
 * @param hour its start, in epoch milliseconds
 * @param scope empty where it is not known
 * @param repository empty where it is not known, or where there is none
 */
record LedgerKey(long hour, String cache, String scope, String repository) implements Comparable<LedgerKey> {

    private static final Comparator<LedgerKey> ORDER = Comparator.comparingLong(LedgerKey::hour)
        .thenComparing(LedgerKey::cache)
        .thenComparing(LedgerKey::scope)
        .thenComparing(LedgerKey::repository);

    /** The same hour and cache alone. */
    LedgerKey withoutParts() {
        return new LedgerKey(hour, cache, "", "");
    }

    @Override
    public int compareTo(LedgerKey other) {
        return ORDER.compare(this, other);
    }

}
