package dev.dejavu.savings;

import dev.dejavu.cache.Cost;

/**
 * Amounts of the ledger.
 *
 * @param confirmed hits of callers that had a value before: they save nothing
 * @param unpricedHits hits that saved nobody knows what
 * @param savedSeconds by all other hits
 * @param estimatedSeconds those of them that are estimated
 * @param savedBytes by all other hits
 * @param estimatedBytes those of them that are estimated
 * @param spentSeconds of asking, as clients report it
 * @param reports of clients, of a run each
 * @param reportedAsked keys that the reports say were asked for
 * @param reportedHits of those
 * @param reportedConfirmed of those
 */
record Amounts(long hits, long misses, long confirmed, long unpricedHits, double savedSeconds, double estimatedSeconds,
        double savedBytes, double estimatedBytes, double spentSeconds, long reports, long reportedAsked,
        long reportedHits, long reportedConfirmed) {

    static final Amounts NONE = new Amounts(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    boolean isEmpty() {
        return equals(NONE);
    }

    Amounts plus(Amounts other) {
        return new Amounts(hits + other.hits, misses + other.misses, confirmed + other.confirmed,
                unpricedHits + other.unpricedHits, savedSeconds + other.savedSeconds,
                estimatedSeconds + other.estimatedSeconds, savedBytes + other.savedBytes,
                estimatedBytes + other.estimatedBytes, spentSeconds + other.spentSeconds, reports + other.reports,
                reportedAsked + other.reportedAsked, reportedHits + other.reportedHits,
                reportedConfirmed + other.reportedConfirmed);
    }

    /** The same, where each hit without a price saved so much. */
    Amounts estimated(Cost estimate) {
        double moreSeconds = unpricedHits * estimate.seconds();
        Long bytes = estimate.bytes();
        double moreBytes = (bytes != null) ? (double) unpricedHits * bytes : 0;
        return new Amounts(hits, misses, confirmed, 0, savedSeconds + moreSeconds, estimatedSeconds + moreSeconds,
                savedBytes + moreBytes, estimatedBytes + moreBytes, spentSeconds, reports, reportedAsked, reportedHits,
                reportedConfirmed);
    }

}
