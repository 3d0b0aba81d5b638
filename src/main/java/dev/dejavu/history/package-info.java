/**
 * What happened to a key, and who was served its value: written in batches behind the
 * callers, bounded in days, rows and memory.
 */
@NullMarked
package dev.dejavu.history;

import org.jspecify.annotations.NullMarked;
