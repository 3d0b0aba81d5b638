package dev.dejavu.cache;

import org.springframework.core.annotation.Order;

/**
 * What stands around every repository, so that neither it nor its controller has to know
 * of it. The {@link Order} of the layers says who stands nearer to the database: first
 * what commits together, then what is kept near, what verifies, what counts, and what
 * signs.
 */
public interface RepositoryLayer {

    /** The repository with this layer around it. */
    <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository);

}
