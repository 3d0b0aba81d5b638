package dev.dejavu.cache;

import org.jspecify.annotations.Nullable;

/**
 * Who makes a request, and what it may see and change.
 *
 * @param name the author of what it writes; {@code null} for an anonymous one
 * @param overlay where it writes, and what it reads before the base; empty for the base
 * @param isTrusted whether its word counts without proof
 * @param seesAll whether it sees who wrote an entry, and the entries of all overlays
 * @param reading what it may read
 * @param writing what it may write of that
 */
public record Caller(@Nullable String name, String overlay, boolean isTrusted, boolean seesAll, Grant reading,
        Grant writing) {

    /** The name of an anonymous caller in records; no token has it. */
    public static final String ANYONE = "anyone";

    /** A caller that is not limited to some scopes or repositories. */
    public Caller(@Nullable String name, String overlay, boolean isTrusted, boolean seesAll) {
        this(name, overlay, isTrusted, seesAll, Grant.ALL, Grant.ALL);
    }

    boolean mayRead(CacheEntry entry) {
        return reading.covers(entry.parts());
    }

    boolean mayWrite(CacheEntry entry) {
        return mayRead(entry) && writing.covers(entry.parts());
    }

    /** An entry as this caller sees it: without its author unless it may know that. */
    <E extends CacheEntry> E withVisibleAuthor(E entry) {
        return (entry.writtenBy() == null || seesAll) ? entry : CacheEntry.writtenBy(entry, null);
    }

    /** Whether this caller may see an entry, and nothing else of it than others. */
    boolean seesAsOthers(CacheEntry entry) {
        return mayRead(entry) && (entry.writtenBy() == null || !seesAll);
    }

}
