/**
 * Access control: roles, tokens, OpenID Connect, and the audit log.
 */
@NullMarked
package dev.dejavu.access;

import org.jspecify.annotations.NullMarked;
