/**
 * Webhooks of registries: their events, each in the format of its registry.
 */
@NullMarked
package dev.dejavu.webhook;

import org.jspecify.annotations.NullMarked;
