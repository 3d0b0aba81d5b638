/**
 * The log of the start: one line when all is well, one when a setting is invalid.
 */
@NullMarked
package dev.dejavu.startup;

import org.jspecify.annotations.NullMarked;
