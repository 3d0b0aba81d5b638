/**
 * Checks against the registry whether an entry is still true, as often as its freshness
 * lifetime wants it and when the registry sends an event.
 */
@NullMarked
package dev.dejavu.verification;

import org.jspecify.annotations.NullMarked;
