/**
 * The words of HTTP that the caches share: bodies, queries, pages, responses with an
 * {@code ETag}. Knows the model of the caches and nothing else of ours.
 */
@NullMarked
package dev.dejavu.api;

import org.jspecify.annotations.NullMarked;
