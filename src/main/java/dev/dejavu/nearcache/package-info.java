/**
 * Near caches: what was looked up lately stays in the heap, and which keys there are, so
 * that neither costs a round trip to the database again. Both are believed only while the
 * change feed is current.
 */
@NullMarked
package dev.dejavu.nearcache;

import org.jspecify.annotations.NullMarked;
