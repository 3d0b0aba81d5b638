/**
 * The ledger: what hits saved, and what asking cost. Summed in memory, by hour, cache,
 * scope and repository, and added to the database every few seconds.
 */
@NullMarked
package dev.dejavu.savings;

import org.jspecify.annotations.NullMarked;
