package dev.dejavu.cache;

/**
 * The answer to forgetting many.
 *
 * @param removed how many rows went
 */
public record Removal(int removed) {
}
