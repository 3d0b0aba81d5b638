package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * Which entries to list; {@code null} stands for any.
 *
 * @param value as it is
 * @param scope as it is
 * @param repository of the parts, in whatever case
 * @param tag of the parts, as it is
 * @param key the beginning of its hex: of those that have it, the first ones are found
 * @param isOfOverlays whether to leave out the base
 */
public record Search(@Nullable String value, @Nullable String scope, @Nullable String repository, @Nullable String tag,
        @Nullable String key, boolean isOfOverlays) {

    /** All entries. */
    public static final Search ALL = new Search(null, null, null, null, null, false);

    public static Search of(@Nullable String value, @Nullable String scope) {
        return new Search(value, scope, null, null, null, false);
    }

}
