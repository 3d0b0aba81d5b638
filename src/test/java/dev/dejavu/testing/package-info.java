/**
 * What the tests stand on: both databases for real, a clock and a chance that obey, HTTP
 * without a framework.
 */
@NullMarked
package dev.dejavu.testing;

import org.jspecify.annotations.NullMarked;
