/**
 * Tokens of OpenID Connect issuers; knows neither their holders nor what they may do.
 */
@NullMarked
package dev.dejavu.oidc;

import org.jspecify.annotations.NullMarked;
