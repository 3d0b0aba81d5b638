package dev.dejavu.history;

import java.time.Instant;

/**
 * Who was given the value of a key.
 *
 * @param identity {@code anyone} for anonymous callers
 * @param firstAt the minute in which that was so first, of what is remembered
 * @param lastAt the minute in which it was so last
 * @param times in how many minutes
 */
public record Served(String identity, Instant firstAt, Instant lastAt, long times) {
}
