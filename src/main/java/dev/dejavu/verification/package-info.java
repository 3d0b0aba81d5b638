/**
 * Is an entry still true? What was not verified for too long is looked for in its
 * registry.
 */
@NullMarked
package dev.dejavu.verification;

import org.jspecify.annotations.NullMarked;
