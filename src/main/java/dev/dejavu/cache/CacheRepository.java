package dev.dejavu.cache;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;

/**
 * What a cache can do, in the words of HTTP. No read ever gives an entry that has
 * expired, pruned or not. Every method throws Spring's {@code DataAccessException} when
 * the database does not answer.
 *
 * @param <E> the entry
 */
public interface CacheRepository<E extends CacheEntry> extends Prunable {

    TimeToLive timeToLive();

    /**
     * Reads a key of this cache.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    CacheKey key(String text);

    Optional<E> find(CacheKey key);

    /**
     * Finds many in one round trip.
     * @return those found, in any order
     */
    List<E> findAll(Collection<CacheKey> keys);

    /**
     * Stores an entry, in place of the one that has its key. When it returns, the entry
     * survives the death of this process.
     */
    PutResult<E> put(E entry);

    void remove(CacheKey key);

    /**
     * Stores what was found out anew about an entry, unless it was stored, updated or
     * doubted again, or removed, since it was read. Its TTL goes on.
     * @param seen as it was read
     * @return whether it was
     */
    boolean replace(E seen, E anew);

    /**
     * Doubts what may have ceased to be true by an event: until it is verified again, it
     * is not given.
     * @return whom the event may concern, doubted or not
     */
    List<CacheKey> invalidate(RegistryEvent event);

    /**
     * Removes an entry, unless it was stored, updated or doubted since it was read.
     * @return whether it was removed
     */
    boolean removeIfUnchanged(E entry);

    /**
     * Finds an entry by its key, or asks whoever can know, and stores it when it is true.
     * @param asked what it would be
     */
    default Optional<E> resolve(E asked) {
        return find(asked.key());
    }

    /** What to say of a key that was not found. */
    default ProblemException notFound(CacheKey key) {
        return ProblemException.miss();
    }

    /**
     * Forgets all entries, or those of one value.
     * @param value an image URI or a remote path; {@code null} for all
     * @return how many rows went, expired ones that no prune had met yet among them
     */
    int removeAll(@Nullable String value);

    /**
     * A page, newest first.
     * @param value as for {@link #removeAll}
     */
    List<E> list(Cursor after, int limit, @Nullable String value);

    /** How many entries are live. */
    long count();

}
