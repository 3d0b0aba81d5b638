/**
 * Who may read, write and administer: roles, tokens, OIDC, and the trail of who did what.
 */
@NullMarked
package dev.dejavu.access;

import org.jspecify.annotations.NullMarked;
