/**
 * The pages at {@code /}, for people: what is in the caches, what it is worth, and who
 * may use it. They show what the calls of the API would answer to the same caller.
 */
@NullMarked
package dev.dejavu.console;

import org.jspecify.annotations.NullMarked;
