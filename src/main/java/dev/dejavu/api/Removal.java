package dev.dejavu.api;

/**
 * The result of removing many entries.
 *
 * @param removed how many rows were deleted
 */
public record Removal(int removed) {
}
