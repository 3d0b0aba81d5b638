/**
 * The Python client, which the service hands out as pip and uv want it.
 */
@NullMarked
package dev.dejavu.client;

import org.jspecify.annotations.NullMarked;
