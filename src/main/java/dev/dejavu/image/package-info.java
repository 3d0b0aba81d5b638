/**
 * The image cache: was this image already seen in its registry?
 */
@NullMarked
package dev.dejavu.image;

import org.jspecify.annotations.NullMarked;
