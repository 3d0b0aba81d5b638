/**
 * Asks registries, in the words of the OCI distribution specification, whether an image
 * is there. Knows no cache.
 */
@NullMarked
package dev.dejavu.registry;

import org.jspecify.annotations.NullMarked;
