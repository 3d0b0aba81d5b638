/**
 * The bundle cache: was this code bundle already uploaded, and where?
 */
@NullMarked
package dev.dejavu.bundle;

import org.jspecify.annotations.NullMarked;
