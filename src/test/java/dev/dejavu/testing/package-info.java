/**
 * The fixtures of the tests: both real databases, a settable clock and random generator,
 * and HTTP without a framework.
 */
@NullMarked
package dev.dejavu.testing;

import org.jspecify.annotations.NullMarked;
