/**
 * Near caches: entries that were found lately stay in the heap, so that a hit costs no
 * round trip to the database. They are served only while the change feed is current.
 */
@NullMarked
package dev.dejavu.nearcache;

import org.jspecify.annotations.NullMarked;
