/**
 * The administration of overlays, in which callers who are trusted less write.
 */
@NullMarked
package dev.dejavu.overlay;

import org.jspecify.annotations.NullMarked;
