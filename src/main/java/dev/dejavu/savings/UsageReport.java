package dev.dejavu.savings;

/**
 * What a client says of a run.
 *
 * @param scope empty where it is not known
 * @param asked keys that it asked for
 * @param hits of those
 * @param confirmed of those, where the client had a value before
 * @param seconds that the run spent asking
 */
record UsageReport(String cache, String scope, long asked, long hits, long confirmed, double seconds) {
}
