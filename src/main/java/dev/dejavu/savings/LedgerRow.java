package dev.dejavu.savings;

/**
 * A row of the ledger, or what is to be added to it.
 */
record LedgerRow(LedgerKey key, Amounts amounts) {
}
