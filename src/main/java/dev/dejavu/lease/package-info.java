/**
 * Leases: one builds an image, the others wait for it. A courtesy with a deadline, never
 * a lock.
 */
@NullMarked
package dev.dejavu.lease;

import org.jspecify.annotations.NullMarked;
