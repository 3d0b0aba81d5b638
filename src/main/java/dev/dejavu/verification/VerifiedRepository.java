package dev.dejavu.verification;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.DelegatingRepository;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.Stored;
import dev.dejavu.cache.Trust;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.Presence;

/**
 * Gives what is trusted at once. What is not is looked for in its registry, behind the
 * answer or, strictly, before it; an answer that had to be given without is marked as
 * stale.
 */
final class VerifiedRepository<E extends CacheEntry> implements DelegatingRepository<E> {

    private static final Logger log = LoggerFactory.getLogger(VerifiedRepository.class);

    /** What strict lookups wait. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** A resolve waits for the registry as long as the registry may take. */
    private static final Duration RESOLVE = Duration.ofSeconds(10);

    /** Behind an answer there is time; before one there is less. */
    private static final Duration TURN = Duration.ofSeconds(30);

    private static final Duration RESOLVE_TURN = Duration.ofSeconds(3);

    /** When nothing was found out, the next look waits. */
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final CacheRepository<E> repository;

    private final VerificationProperties properties;

    private final Trust trust;

    private final Looks looks;

    private final Absences absences;

    private final Cache<CacheKey, Boolean> unknown = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(PAUSE)
        .build();

    VerifiedRepository(CacheRepository<E> repository, VerificationProperties properties, Trust trust, Looks looks,
            Absences absences) {
        this.repository = repository;
        this.properties = properties;
        this.trust = trust;
        this.looks = looks;
        this.absences = absences;
    }

    @Override
    public CacheRepository<E> repository() {
        return repository;
    }

    @Override
    public Optional<E> find(CacheKey key) {
        Optional<E> found = repository.find(key);
        if (found.isEmpty() || trust.isTrusted(found.get())) {
            return found;
        }
        CompletableFuture<?> look = look(found.get());
        if (properties.strict() && isDone(look)) {
            found = repository.find(key);
        }
        return found.map(this::marked);
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> found = repository.findAll(keys);
        List<E> doubtful = found.stream().filter((entry) -> !trust.isTrusted(entry)).toList();
        if (doubtful.isEmpty()) {
            return found;
        }
        CompletableFuture<?>[] flights = doubtful.stream().map(this::look).toArray(CompletableFuture<?>[]::new);
        List<E> answer = found;
        if (properties.strict()) {
            isDone(CompletableFuture.allOf(flights));
            answer = new ArrayList<>(found);
            answer.removeAll(doubtful);
            answer.addAll(repository.findAll(doubtful.stream().map(CacheEntry::key).toList()));
        }
        return answer.stream().map(this::marked).toList();
    }

    private static boolean isDone(CompletableFuture<?> look) {
        try {
            look.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        }
        catch (TimeoutException | ExecutionException ex) {
            return false;
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private E marked(E entry) {
        return trust.isTrusted(entry) ? entry : same(((VerifiableEntry) entry).asStale());
    }

    private CompletableFuture<?> look(E entry) {
        if (unknown.getIfPresent(entry.key()) != null) {
            return CompletableFuture.completedFuture(entry);
        }
        // What it says is true of this moment at the earliest.
        Instant now = freshness().now();
        return looks.look((VerifiableEntry) entry, TURN, (presence) -> settle(entry, now, presence));
    }

    private Presence settle(E entry, Instant now, Presence presence) {
        switch (presence.outcome()) {
            case PRESENT -> repository.update(verified(entry, now, presence));
            case ABSENT -> {
                if (Duration.between(entry.createdAt(), now).compareTo(properties.grace()) < 0) {
                    unknown.put(entry.key(), true);
                }
                else {
                    remove(entry, now, presence);
                }
            }
            case UNKNOWN -> {
                unknown.put(entry.key(), true);
                log.debug("Not verified, {}: {}", entry.value(), presence.reason());
            }
        }
        return presence;
    }

    private void remove(E entry, Instant now, Presence presence) {
        boolean removed = false;
        absences.addBeforeRemoval(entry.key(), now);
        try {
            removed = repository.remove(entry);
        }
        finally {
            if (!removed) {
                absences.end(entry.key());
            }
        }
        if (removed) {
            log.info("Removed {} of {}: {}", entry.key(), entry.value(), presence.reason());
        }
    }

    private E verified(E entry, Instant now, Presence presence) {
        return same(((VerifiableEntry) entry).with(Verification.byRegistry(now, presence.digest())));
    }

    // What an entry makes of itself is an entry of the same class.
    @SuppressWarnings("unchecked")
    private E same(VerifiableEntry entry) {
        return (E) entry;
    }

    @Override
    public Optional<E> resolve(E asked) {
        Optional<E> found = find(asked.key());
        if (found.isPresent() || absences.has(asked.key()) || !(asked instanceof VerifiableEntry verifiable)
                || !properties.enabled()) {
            return found;
        }
        long begin = System.nanoTime();
        CompletableFuture<Presence> look = looks.look(verifiable, RESOLVE_TURN,
                (presence) -> settleAsked(asked, begin, presence));
        try {
            look.get(RESOLVE.toMillis(), TimeUnit.MILLISECONDS);
        }
        catch (TimeoutException | ExecutionException ex) {
            return Optional.empty();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
        return repository.find(asked.key());
    }

    private Presence settleAsked(E asked, long begin, Presence presence) {
        switch (presence.outcome()) {
            case PRESENT -> {
                // Who wrote it meanwhile knows more than this.
                if (repository.find(asked.key()).isEmpty()) {
                    repository.put(verified(asked, asked.createdAt(), presence));
                }
            }
            case ABSENT -> absences.add(asked.key(), asked.createdAt(), begin);
            case UNKNOWN -> log.debug("Not resolved, {}: {}", asked.value(), presence.reason());
        }
        return presence;
    }

    @Override
    public List<E> list(Cursor after, int limit, @Nullable String value) {
        return repository.list(after, limit, value).stream().map(this::marked).toList();
    }

    @Override
    public ProblemException missing(CacheKey key) {
        return absences.has(key) ? ProblemException.absent() : repository.missing(key);
    }

    @Override
    public Stored<E> put(E entry) {
        try {
            return repository.put(entry);
        }
        finally {
            absences.end(entry.key());
            unknown.invalidate(entry.key());
        }
    }

}
