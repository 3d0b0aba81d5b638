package dev.dejavu.verification;

import java.time.Instant;

/**
 * When the registry was asked: what it answers is true of that moment at the earliest.
 *
 * @param at in milliseconds
 * @param nanoTime the same as {@link System#nanoTime}
 * @param asOf the number of the last event that was known
 */
record CheckBegin(Instant at, long nanoTime, long asOf) {
}
