/**
 * SQLite or PostgreSQL: the JDBC URL alone decides. What one of them needs and the other
 * does not is here.
 */
@NullMarked
package dev.dejavu.storage;

import org.jspecify.annotations.NullMarked;
