package dev.dejavu.verification;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.micrometer.core.instrument.Timer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.Cursor;
import dev.dejavu.cache.DelegatingRepository;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Verification;
import dev.dejavu.registry.ImageStatus;

/**
 * Gives what is trusted at once. What is not is looked for in its registry, behind the
 * answer or, strictly, before it; an answer that had to be given without is marked as
 * stale.
 */
final class RegistryVerifier<E extends CacheEntry> implements DelegatingRepository<E> {

    private static final Logger log = LoggerFactory.getLogger(RegistryVerifier.class);

    /** What strict lookups wait. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** A resolve waits for the registry as long as the registry may take. */
    private static final Duration RESOLVE = Duration.ofSeconds(10);

    /** Behind an answer there is time; before one there is less. */
    private static final Duration TURN = Duration.ofSeconds(30);

    private static final Duration RESOLVE_TURN = Duration.ofSeconds(3);

    /** Something happened in the registry during the first look. */
    private static final int RESOLVE_TRIES = 2;

    /** How long after an event everybody knows of it. */
    private static final Duration AFTERWARDS = Duration.ofSeconds(1);

    /** How many an event makes look at once; the others are looked for when asked for. */
    private static final int AT_ONCE = 100;

    /** When nothing was found out, the next look waits. */
    private static final Duration PAUSE = Duration.ofSeconds(5);

    private final CacheRepository<E> repository;

    private final VerificationProperties properties;

    private final FreshnessPolicy budget;

    private final RegistryChecks looks;

    private final NegativeCache absences;

    private final ChangeFeed changes;

    private final Timer staleness;

    private final Cache<CacheKey, Boolean> unknown = Caffeine.newBuilder()
        .maximumSize(100_000)
        .expireAfterWrite(PAUSE)
        .build();

    /** When those came last after which to look again, of many like each other once. */
    private final Map<RegistryEvent, Long> events = new ConcurrentHashMap<>();

    RegistryVerifier(CacheRepository<E> repository, VerificationProperties properties, FreshnessPolicy budget,
            RegistryChecks looks, NegativeCache absences, ChangeFeed changes, Timer staleness) {
        this.repository = repository;
        this.properties = properties;
        this.budget = budget;
        this.looks = looks;
        this.absences = absences;
        this.changes = changes;
        this.staleness = staleness;
    }

    @Override
    public CacheRepository<E> repository() {
        return repository;
    }

    @Override
    public Optional<E> find(CacheKey key) {
        Optional<E> found = repository.find(key);
        if (found.isEmpty() || budget.isTrusted(found.get())) {
            return found;
        }
        CompletableFuture<?> look = look(found.get());
        if ((properties.strict() || isInvalidated(found.get())) && isDone(look, PATIENCE)) {
            found = repository.find(key);
        }
        return found.filter((entry) -> !isInvalidated(entry)).map(this::given);
    }

    private static boolean isInvalidated(CacheEntry entry) {
        return entry instanceof VerifiableEntry verifiable && verifiable.verification().isInvalidated();
    }

    @Override
    public List<E> findAll(Collection<CacheKey> keys) {
        List<E> found = repository.findAll(keys);
        List<E> doubtful = found.stream().filter((entry) -> !budget.isTrusted(entry)).toList();
        if (doubtful.isEmpty()) {
            return found;
        }
        List<CompletableFuture<?>> awaited = new ArrayList<>();
        for (E entry : doubtful) {
            CompletableFuture<?> look = look(entry);
            if (properties.strict() || isInvalidated(entry)) {
                awaited.add(look);
            }
        }
        List<E> answer = found;
        if (!awaited.isEmpty()) {
            isDone(CompletableFuture.allOf(awaited.toArray(CompletableFuture<?>[]::new)), PATIENCE);
            answer = new ArrayList<>(found);
            answer.removeAll(doubtful);
            answer.addAll(repository.findAll(doubtful.stream().map(CacheEntry::key).toList()));
        }
        return answer.stream().filter((entry) -> !isInvalidated(entry)).map(this::given).toList();
    }

    private static boolean isDone(CompletableFuture<?> look, Duration patience) {
        try {
            look.get(patience.toMillis(), TimeUnit.MILLISECONDS);
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
        return budget.isTrusted(entry) ? entry : same(((VerifiableEntry) entry).asStale());
    }

    /** Marked, as a hit. */
    private E given(E entry) {
        if (!budget.isTrusted(entry)) {
            Instant verifiedAt = ((VerifiableEntry) entry).verification().verifiedAt();
            staleness.record(Duration.between(verifiedAt, timeToLive().now()));
        }
        return marked(entry);
    }

    private CompletableFuture<?> look(E entry) {
        if (!budget.isVerifiable(entry.value()) || unknown.getIfPresent(entry.key()) != null) {
            return CompletableFuture.completedFuture(entry);
        }
        // What it says is true of this moment at the earliest.
        Instant now = timeToLive().now();
        long begin = System.nanoTime();
        return looks.look((VerifiableEntry) entry, TURN, (presence) -> settle(entry, now, begin, presence));
    }

    private ImageStatus settle(E entry, Instant now, long begin, ImageStatus presence) {
        switch (presence.outcome()) {
            case PRESENT -> repository.replace(entry, verified(entry, now, presence));
            case ABSENT -> {
                if (Duration.between(entry.createdAt(), now).compareTo(properties.newEntryGrace()) < 0) {
                    unknown.put(entry.key(), true);
                }
                else if (!absences.isPushed((VerifiableEntry) entry, begin)) {
                    remove(entry, now, begin, presence);
                }
            }
            case UNKNOWN -> {
                unknown.put(entry.key(), true);
                log.debug("Not verified, {}: {}", entry.value(), presence.reason());
            }
        }
        return presence;
    }

    private void remove(E entry, Instant now, long begin, ImageStatus presence) {
        boolean removed = false;
        absences.addBeforeRemoval((VerifiableEntry) entry, now, begin);
        try {
            removed = repository.removeIfUnchanged(entry);
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

    private E verified(E entry, Instant now, ImageStatus presence) {
        return same(((VerifiableEntry) entry).withVerification(Verification.byRegistry(now, presence.digest())));
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
        for (int i = 0; i < RESOLVE_TRIES && found.isEmpty(); i++) {
            long begin = System.nanoTime();
            if (!isDone(looks.look(verifiable, RESOLVE_TURN, (presence) -> settleAsked(asked, begin, presence)),
                    RESOLVE)) {
                return Optional.empty();
            }
            found = repository.find(asked.key()).filter((entry) -> !isInvalidated(entry));
            if (!absences.isTold(verifiable, begin)) {
                break;
            }
        }
        return found.map(this::given);
    }

    private ImageStatus settleAsked(E asked, long begin, ImageStatus presence) {
        VerifiableEntry verifiable = (VerifiableEntry) asked;
        switch (presence.outcome()) {
            case PRESENT -> {
                // Who wrote it meanwhile knows more than this.
                if (!absences.isTold(verifiable, begin)
                        && repository.find(asked.key()).filter((entry) -> !isInvalidated(entry)).isEmpty()) {
                    repository.put(verified(asked, asked.createdAt(), presence));
                }
            }
            case ABSENT -> absences.add(verifiable, asked.createdAt(), begin);
            case UNKNOWN -> log.debug("Not resolved, {}: {}", asked.value(), presence.reason());
        }
        return presence;
    }

    /**
     * Doubts and looks again, and once more after a while: until all instances were told,
     * one of them may have stored what it had seen before; and a registry may still show
     * for a moment what it has just deleted. Where nobody here can look, it is believed.
     */
    @Override
    public List<CacheKey> invalidate(RegistryEvent event) {
        List<CacheKey> concerned = repository.invalidate(event);
        absences.onRegistryEvent(event.kind(), event.repository());
        changes.publish(event.kind(), event.repository());
        lookAgain(concerned);
        if (budget.isVerifiable(event.repository() + ":any") && events.put(event, System.nanoTime()) == null) {
            Thread.ofVirtual().name("verification").start(() -> lookAgainAfterwards(event));
        }
        return concerned;
    }

    private void lookAgainAfterwards(RegistryEvent event) {
        try {
            Long last;
            do {
                last = Objects.requireNonNull(events.get(event));
                Thread.sleep(AFTERWARDS.minusNanos(System.nanoTime() - last));
            }
            while (!events.remove(event, last));
            lookAgain(repository.invalidate(event));
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        catch (DataAccessException ex) {
            log.warn("Not looked again after an event of {}: {}", event.repository(), ex.getMessage());
        }
    }

    private void lookAgain(List<CacheKey> concerned) {
        if (concerned.isEmpty()) {
            return;
        }
        for (E entry : repository.findAll(concerned.subList(0, Math.min(concerned.size(), AT_ONCE)))) {
            if (budget.isVerifiable(entry.value())) {
                unknown.invalidate(entry.key());
                var _ = look(entry);
            }
            else if (isInvalidated(entry) && repository.removeIfUnchanged(entry)) {
                log.info("Removed {} of {}: its registry told so", entry.key(), entry.value());
            }
        }
    }

    @Override
    public List<E> list(Cursor after, int limit, @Nullable String value) {
        return repository.list(after, limit, value).stream().map(this::marked).toList();
    }

    @Override
    public ProblemException notFound(CacheKey key) {
        return absences.has(key) ? ProblemException.absent() : repository.notFound(key);
    }

    @Override
    public PutResult<E> put(E entry) {
        try {
            return repository.put(entry);
        }
        finally {
            absences.end(entry.key());
            unknown.invalidate(entry.key());
        }
    }

}
