/**
 * Deletes expired rows, on a schedule and after a share of the reads. Knows of the caches
 * only that they can be pruned.
 */
@NullMarked
package dev.dejavu.pruning;

import org.jspecify.annotations.NullMarked;
