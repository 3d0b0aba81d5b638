/**
 * What every request meets: the filters and their order, the limit of its body, strict
 * JSON, errors as RFC 9457, the description of the API.
 */
@NullMarked
package dev.dejavu.web;

import org.jspecify.annotations.NullMarked;
