/**
 * A client of OCI registries that checks whether an image is there. Knows no cache.
 */
@NullMarked
package dev.dejavu.registry;

import org.jspecify.annotations.NullMarked;
