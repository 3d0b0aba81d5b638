package dev.dejavu.commit;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.DelegatingRepository;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RepositoryLayer;

/**
 * Lets the writers of all repositories share their commits.
 */
@Component
@Order(1)
class CommitLayer implements RepositoryLayer {

    private final GroupCommit commit;

    CommitLayer(GroupCommit commit) {
        this.commit = commit;
    }

    @Override
    public <E extends CacheEntry> CacheRepository<E> around(CacheRepository<E> repository) {
        return new CommittedRepository<>(repository, commit);
    }

    private record CommittedRepository<E extends CacheEntry>(CacheRepository<E> repository,
            GroupCommit commit) implements DelegatingRepository<E> {

        @Override
        public PutResult<E> put(E entry) {
            return commit.write(entry.key().hex(), () -> repository.put(entry));
        }

        @Override
        public boolean replace(E seen, E anew) {
            return commit.write(seen.key().hex(), () -> repository.replace(seen, anew));
        }

    }

}
