package dev.dejavu.api;

/**
 * The answer to forgetting many.
 *
 * @param removed how many rows went
 */
public record Removal(int removed) {
}
