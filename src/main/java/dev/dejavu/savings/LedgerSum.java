package dev.dejavu.savings;

/**
 * A sum of the ledger.
 *
 * @param bucket what it is of, as {@link By} says
 * @param scope empty where it is not known, or not asked for
 * @param repository likewise
 */
record LedgerSum(String bucket, String scope, String repository, Amounts amounts) {
}
