/**
 * What was asked, found, written and pruned: as metrics and as {@code /stats}.
 */
@NullMarked
package dev.dejavu.metrics;

import org.jspecify.annotations.NullMarked;
