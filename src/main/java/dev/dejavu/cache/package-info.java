/**
 * The model and the front that all caches share: entries, keys, repositories, and the one
 * class that puts them together. Knows neither HTTP nor JDBC.
 */
@NullMarked
package dev.dejavu.cache;

import org.jspecify.annotations.NullMarked;
