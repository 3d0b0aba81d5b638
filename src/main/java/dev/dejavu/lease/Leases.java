package dev.dejavu.lease;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObservers;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.LeaseEvent;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * The leases of images: gives, renews and ends them, and lets others wait.
 */
@Component
public class Leases {

    /** The cache that has leases. */
    static final String CACHE = "images";

    private static final Logger log = LoggerFactory.getLogger(Leases.class);

    private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

    /** Of the leases of a key, however soon they expire. */
    private static final Duration MIN_READ_DELAY = Duration.ofMillis(50);

    private final LeaseRepository repository;

    private final WaitingRooms rooms;

    private final KnownLeases known;

    private final BuildTimes times;

    private final LeaseProperties properties;

    private final LeaseMetrics metrics;

    private final CacheObservers observers;

    private final Callers callers;

    private final ChangeFeed changes;

    private final Clock clock;

    Leases(LeaseRepository repository, WaitingRooms rooms, KnownLeases known, BuildTimes times,
            LeaseProperties properties, LeaseMetrics metrics, CacheObservers observers, Callers callers,
            ChangeFeed changes, Clock clock) {
        this.repository = repository;
        this.rooms = rooms;
        this.known = known;
        this.times = times;
        this.properties = properties;
        this.metrics = metrics;
        this.observers = observers;
        this.callers = callers;
        this.changes = changes;
        this.clock = clock;
    }

    /**
     * Takes a lease, unless the image is here or somebody else builds it.
     * @param wait how long to wait for the entry or the lease
     * @param look for the entry, as the caller sees it
     * @throws ProblemException {@link Problem#TOO_MANY_LEASES}
     */
    public <E extends CacheEntry> LeaseAnswer<E> take(Build build, Duration wait, Supplier<Optional<E>> look) {
        long begin = System.nanoTime();
        try (WaitingRooms.Seat seat = wait.isZero() ? null : rooms.enter(build.key(), callers.current(), true, false)) {
            if (seat == null) {
                Optional<E> entry = look.get();
                return entry.isPresent() ? new LeaseAnswer.Here<>(entry.get()) : attempt(build, null, look);
            }
            // The first in the room looks and asks for those who come after it.
            LeaseAnswer<E> answer = another(null);
            while (answer instanceof LeaseAnswer.Another<E>) {
                switch (seat.await(begin + wait.toNanos())) {
                    case LOOK -> answer = lookAgain(seat, answer, look);
                    case READ -> answer = attemptAgain(build, seat, answer, look);
                    case LEAVE -> {
                        metrics.waited(LeaseMetrics.Outcome.TIMEOUT, begin);
                        return another(seat.room().first());
                    }
                }
            }
            metrics.waited(answer, begin);
            return answer;
        }
    }

    private <E extends CacheEntry> LeaseAnswer<E> attempt(Build build, WaitingRooms.@Nullable Seat seat,
            Supplier<Optional<E>> look) {
        LeaseAttempt attempt = repository.attempt(build, times.patience(build.repository()).orElse(null));
        if (seat != null) {
            seat.room().read(seat.waiter(), attempt.live(), nextRead(build.repository(), attempt.live()));
        }
        if (attempt.isTooMuch()) {
            throw new ProblemException(Problem.TOO_MANY_LEASES,
                    "This caller holds as many leases as it may. Go on without one.", RETRY_AFTER);
        }
        Lease lease = attempt.taken();
        if (lease == null) {
            return another(attempt.live().isEmpty() ? null : attempt.live().getFirst());
        }
        known.addOwn(lease);
        // It may have come between the look and the lease.
        Optional<E> entry = lookOrNothing(look);
        if (entry.isPresent()) {
            end(build.key(), false);
            return new LeaseAnswer.Here<>(entry.get());
        }
        publish(lease.isHedge() ? LeaseEvent.Kind.HEDGED : LeaseEvent.Kind.TAKEN, lease);
        return new LeaseAnswer.Yours<>(lease);
    }

    private <E extends CacheEntry> LeaseAnswer<E> attemptAgain(Build build, WaitingRooms.Seat seat,
            LeaseAnswer<E> before, Supplier<Optional<E>> look) {
        try {
            LeaseAnswer<E> found = lookAgain(seat, before, look);
            return (found instanceof LeaseAnswer.Here<E>) ? found : attempt(build, seat, look);
        }
        catch (DataAccessException ex) {
            seat.room().retry(ex, clock.millis());
            return before;
        }
    }

    private <E extends CacheEntry> LeaseAnswer<E> lookAgain(WaitingRooms.Seat seat, LeaseAnswer<E> before,
            Supplier<Optional<E>> look) {
        Optional<E> entry = lookAgain(seat, look);
        return entry.isPresent() ? new LeaseAnswer.Here<>(entry.get()) : before;
    }

    private <E extends CacheEntry> Optional<E> lookAgain(WaitingRooms.Seat seat, Supplier<Optional<E>> look) {
        try {
            Optional<E> entry = look.get();
            if (entry.isPresent()) {
                seat.room().found();
            }
            else {
                seat.room().notFound(seat.waiter());
            }
            return entry;
        }
        catch (DataAccessException ex) {
            seat.room().retry(ex, clock.millis());
            return Optional.empty();
        }
    }

    private static <E extends CacheEntry> Optional<E> lookOrNothing(Supplier<Optional<E>> look) {
        try {
            return look.get();
        }
        catch (DataAccessException ex) {
            return Optional.empty();
        }
    }

    private <E extends CacheEntry> LeaseAnswer<E> another(@Nullable Lease lease) {
        return new LeaseAnswer.Another<>(lease, (lease != null) ? expectedAt(lease) : null);
    }

    /** When a build should be over, by what earlier ones took. */
    @Nullable Instant expectedAt(Lease lease) {
        return times.median(lease.build().repository()).map(lease.since()::plus).orElse(null);
    }

    /**
     * When the leases of a key have to be read again, as {@link System#nanoTime}: when
     * the last of them expires, as far as is known, or another one may be given beside
     * it; soon while changes of other instances do not arrive.
     */
    private long nextRead(String repositoryName, List<Lease> live) {
        long now = clock.millis();
        long expiry = live.stream()
            .map((lease) -> lease.expiresAt().toEpochMilli())
            .max(Comparator.naturalOrder())
            .orElse(now);
        Long waitingSince = live.isEmpty() ? null : live.getLast().waitingSince();
        long hedge = (waitingSince != null && live.size() < LeaseRepository.MAX_PLACES)
                ? times.patience(repositoryName).map((patience) -> waitingSince + patience.toMillis()).orElse(expiry)
                : expiry;
        long millis = Math.max(MIN_READ_DELAY.toMillis(), Math.min(expiry, hedge) - now + 1);
        long max = (changes.isCurrent() ? properties.ttl() : RETRY_AFTER).toMillis();
        return System.nanoTime() + Duration.ofMillis(Math.min(millis, max)).toNanos();
    }

    /**
     * Waits for an entry while somebody builds it.
     * @param wait how long at most
     * @param looksAlone whether the look is for something else than any entry
     * @param look for the entry, as the caller sees it
     * @return empty for nothing until then, or when nobody builds it any more
     */
    public <E extends CacheEntry> Optional<E> await(CacheKey key, Duration wait, boolean looksAlone,
            Supplier<Optional<E>> look) {
        long begin = System.nanoTime();
        Optional<E> entry = look.get();
        if (entry.isPresent()) {
            return entry;
        }
        try (WaitingRooms.Seat seat = rooms.enter(key, callers.current(), false, looksAlone)) {
            if (seat == null || !isBuilt(key, seat)) {
                return Optional.empty();
            }
            while (true) {
                switch (seat.await(begin + wait.toNanos())) {
                    case LOOK -> entry = lookAgain(seat, look);
                    case READ -> entry = lookAndRead(key, seat, look);
                    case LEAVE -> {
                        metrics.waited((seat.room().first() != null) ? LeaseMetrics.Outcome.TIMEOUT
                                : LeaseMetrics.Outcome.ENDED, begin);
                        return Optional.empty();
                    }
                }
                if (entry.isPresent()) {
                    metrics.waited(LeaseMetrics.Outcome.BUILT, begin);
                    return entry;
                }
            }
        }
    }

    private <E extends CacheEntry> Optional<E> lookAndRead(CacheKey key, WaitingRooms.Seat seat,
            Supplier<Optional<E>> look) {
        Optional<E> entry = lookAgain(seat, look);
        if (entry.isEmpty()) {
            try {
                isBuilt(key, seat);
            }
            catch (DataAccessException ex) {
                seat.room().retry(ex, clock.millis());
            }
        }
        return entry;
    }

    /** Whether somebody builds it, of whom the caller may know. */
    private boolean isBuilt(CacheKey key, WaitingRooms.Seat seat) {
        List<Lease> live = repository.findLive(key);
        if (live.isEmpty()) {
            seat.room().read(seat.waiter(), live, System.nanoTime());
            return false;
        }
        KeyParts parts = live.getFirst().build();
        seat.room().read(seat.waiter(), live, nextRead(live.getFirst().build().repository(), live));
        return callers.current().reading().covers(parts);
    }

    /**
     * Renews a lease.
     * @return when it expires
     * @throws ProblemException {@link Problem#LEASE_LOST}
     */
    public Instant renew(CacheKey key, String token) {
        return repository.renew(key, token).orElseThrow(() -> {
            publish(new LeaseEvent(LeaseEvent.Kind.LOST, key, null, null, null, callers.current().name()));
            return new ProblemException(Problem.LEASE_LOST,
                    "The lease has ended, or another one has it. Go on building: your PUT counts.");
        });
    }

    /** Gives a lease back, if it is there: the next one gets it. */
    public void giveBack(CacheKey key, String token) {
        repository.giveBack(key, token).ifPresent((lease) -> {
            rooms.ended(key);
            publish(LeaseEvent.Kind.GIVEN_BACK, lease);
        });
    }

    /** Somebody who has a lease of a key, or had one, is about to store its entry. */
    public void expectStored(CacheKey key) {
        known.add(key);
    }

    /**
     * Ends all leases of a key, as its entry is here. What fails is left to their TTL.
     */
    void onStored(CacheKey key) {
        try {
            if (known.contain(key)) {
                end(key, true);
            }
        }
        catch (DataAccessException ex) {
            log.debug("A lease ends by its TTL", ex);
        }
    }

    private void end(CacheKey key, boolean isBuilt) {
        known.remove(key);
        if (repository.removeAll(key, isBuilt) > 0) {
            rooms.ended(key);
        }
    }

    /** The time after which a holder should renew its lease. */
    public Duration renewWithin() {
        return properties.ttl().dividedBy(3);
    }

    private void publish(LeaseEvent.Kind kind, Lease lease) {
        Build build = lease.build();
        publish(new LeaseEvent(kind, build.key(), build, build.imageUri(), build.holder(), build.author()));
    }

    private void publish(LeaseEvent event) {
        metrics.count(event.kind());
        observers.publish((observer) -> observer.onLease(CACHE, event));
    }

}
