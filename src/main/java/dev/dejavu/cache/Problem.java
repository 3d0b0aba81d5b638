package dev.dejavu.cache;

import java.net.URI;
import java.util.Locale;

/**
 * The problems of the API. Their HTTP status codes are in the package web.
 */
public enum Problem {

    /** Unknown, which is not the same as absent. */
    MISS,

    /** The registry does not have it. */
    ABSENT,

    MALFORMED_KEY, MALFORMED_BODY, MALFORMED_QUERY,

    /** The parts make another key, or another value. */
    KEY_MISMATCH, VALUE_MISMATCH,

    /** Without parts nothing shows that the value belongs to the key. */
    PARTS_REQUIRED,

    /** A place from which the team does not run code. */
    REMOTE_PATH_NOT_ALLOWED,

    INVALID_IMAGE_URI, INVALID_REMOTE_PATH, INVALID_HASH_DIGEST,

    /** Only one machine can reach the value, or the backend of its scope. */
    NOT_SHAREABLE,

    /** A backend that is none of the team's. */
    SCOPE_NOT_ALLOWED,

    TOO_LONG, TOO_LARGE, TOO_SLOW,

    /** No token, or an unknown one. */
    UNAUTHENTICATED,

    /** A role that is insufficient. */
    FORBIDDEN,

    NAME_TAKEN,

    /** Another identity's value, which may not be replaced. */
    CHANGED_BY_ANOTHER,

    PRECONDITION_FAILED,

    /** It has ended, or another one has it. */
    LEASE_LOST,

    /** No other administrator's token would be left. */
    LAST_ADMIN,

    /** The caller's rate limit. */
    TOO_MANY_REQUESTS,

    /** More leases than one caller may hold. */
    TOO_MANY_LEASES,

    /** The requests in flight hold all the memory that they may have. */
    OVERLOADED,

    STORAGE_UNAVAILABLE,

    /** The keys of a token's issuer cannot be had: whose it is cannot be said. */
    ISSUER_UNAVAILABLE;

    /**
     * The RFC 9457 type: {@code urn:dejavu:problem:} and the name, as in
     * {@code key-mismatch}.
     */
    public URI type() {
        return URI.create("urn:dejavu:problem:" + name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    /**
     * The RFC 9457 title, as in {@code Key mismatch}.
     */
    public String title() {
        return name().charAt(0) + name().substring(1).toLowerCase(Locale.ROOT).replace('_', ' ');
    }

}
