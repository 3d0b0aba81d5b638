/**
 * The words that both caches share. Imports nothing of ours.
 */
@NullMarked
package dev.dejavu.cache;

import org.jspecify.annotations.NullMarked;
