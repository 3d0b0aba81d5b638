/**
 * What was found lately is kept in this process: a hit costs no round trip to the
 * database. What is kept counts only while everything that changes the database is told.
 */
@NullMarked
package dev.dejavu.nearcache;

import org.jspecify.annotations.NullMarked;
