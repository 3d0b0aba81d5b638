/**
 * SQLite or PostgreSQL, as the JDBC URL decides: connections, migrations, the change
 * feed, and the SQL that all cache tables share.
 */
@NullMarked
package dev.dejavu.storage;

import org.jspecify.annotations.NullMarked;
