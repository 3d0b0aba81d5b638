/**
 * What registries tell of themselves, each in its own words.
 */
@NullMarked
package dev.dejavu.webhook;

import org.jspecify.annotations.NullMarked;
