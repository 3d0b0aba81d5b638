/**
 * Lookups, hits, writes and prunes, as metrics and as {@code /stats}.
 */
@NullMarked
package dev.dejavu.metrics;

import org.jspecify.annotations.NullMarked;
