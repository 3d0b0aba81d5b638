/**
 * What the log says at the start: one line when all is well, one when a setting is wrong.
 */
@NullMarked
package dev.dejavu.startup;

import org.jspecify.annotations.NullMarked;
