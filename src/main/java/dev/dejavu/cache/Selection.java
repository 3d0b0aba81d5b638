package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * Which entries to remove.
 *
 * @param value of the entries; {@code null} for any
 * @param overlay whose entries they are; {@code null} for the base and all overlays
 * @param since epoch milliseconds: entries that were stored between then and now are left
 */
public record Selection(@Nullable String value, @Nullable String overlay, long since) {

    /** Whether it selects every entry there was. */
    public boolean isAll() {
        return value == null && overlay == null;
    }

}
