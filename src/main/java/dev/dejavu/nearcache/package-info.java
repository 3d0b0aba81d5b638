/**
 * Near caches: what was looked up lately stays in the heap, so that it costs no round
 * trip to the database again. It is believed only while the change feed is current.
 */
@NullMarked
package dev.dejavu.nearcache;

import org.jspecify.annotations.NullMarked;
