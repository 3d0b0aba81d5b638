package dev.dejavu.lease;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;

/**
 * Where the requests of this instance wait for the leases of a key. They sleep until
 * something has happened, and then one of them finds out what that means for all: the
 * first one looks whether the entry has come, and the one that has waited longest reads
 * the leases, or takes one.
 */
final class WaitingRoom {

    private static final long RETRY_DELAY = Duration.ofMillis(250).toNanos();

    private final ReentrantLock lock = new ReentrantLock();

    /** Those who would build, in the order in which they came. */
    private final Set<Waiter> builders = new LinkedHashSet<>();

    private final Set<Waiter> readers = new LinkedHashSet<>();

    private List<Lease> leases = List.of();

    /** When the leases have to be read again, as {@link System#nanoTime}. */
    private long nextRead = System.nanoTime();

    private boolean isReading;

    /** Counts the ends of leases. */
    private int ends;

    /** Counts the changes of the entry, or of the one in the base. */
    private int changes;

    /** Up to which change one has found the entry. */
    private int found;

    /** Up to which change one has looked in vain. */
    private int missed;

    private boolean isLooking;

    private boolean isOver;

    /** Counts the failures of the database that ended all waits. */
    private int failures;

    private @Nullable DataAccessException lastFailure;

    private boolean isClosed;

    /**
     * What a waiter has to do.
     */
    enum Call {

        /** Look whether the entry has come. */
        LOOK,

        /** Look, and read the leases or take one. */
        READ,

        /** Go: nobody builds any more, or the time is over. */
        LEAVE

    }

    /**
     * One that waits.
     */
    final class Waiter {

        private final Condition wakeUp = lock.newCondition();

        private final boolean isBuilder;

        /** Whether what it looks for is not what the others look for. */
        private final boolean looksAlone;

        private int changes = missed;

        private int ends = WaitingRoom.this.ends;

        private final int failures = WaitingRoom.this.failures;

        private boolean isReading;

        private boolean isLooking;

        private Waiter(boolean isBuilder, boolean looksAlone) {
            this.isBuilder = isBuilder;
            this.looksAlone = looksAlone;
        }

    }

    Waiter enter(boolean isBuilder, boolean looksAlone) {
        lock.lock();
        try {
            Waiter waiter = new Waiter(isBuilder, looksAlone);
            (isBuilder ? builders : readers).add(waiter);
            return waiter;
        }
        finally {
            lock.unlock();
        }
    }

    void leave(Waiter waiter) {
        lock.lock();
        try {
            (waiter.isBuilder ? builders : readers).remove(waiter);
            end(waiter);
            wakeNext();
        }
        finally {
            lock.unlock();
        }
    }

    boolean isEmpty() {
        lock.lock();
        try {
            return builders.isEmpty() && readers.isEmpty();
        }
        finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return builders.size() + readers.size();
        }
        finally {
            lock.unlock();
        }
    }

    /**
     * Sleeps until there is something to do.
     * @param deadline as {@link System#nanoTime}
     */
    Call await(Waiter waiter, long deadline) {
        lock.lock();
        try {
            end(waiter);
            wakeNext();
            while (true) {
                long now = System.nanoTime();
                if (lastFailure != null && waiter.failures != failures) {
                    throw lastFailure;
                }
                if (isClosed || (isOver && !waiter.isBuilder) || deadline - now <= 0) {
                    return Call.LEAVE;
                }
                if (waiter.changes != changes && mayLook(waiter)) {
                    waiter.isLooking = found != changes && !waiter.looksAlone;
                    isLooking |= waiter.isLooking;
                    waiter.changes = changes;
                    return Call.LOOK;
                }
                boolean isNext = !isReading && isFirst(waiter);
                if (isNext && nextRead - now <= 0) {
                    waiter.isReading = true;
                    isReading = true;
                    waiter.ends = ends;
                    return Call.READ;
                }
                long until = (isNext && nextRead - deadline < 0) ? nextRead : deadline;
                waiter.wakeUp.awaitNanos(until - now);
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return Call.LEAVE;
        }
        finally {
            lock.unlock();
        }
    }

    private boolean mayLook(Waiter waiter) {
        return waiter.looksAlone || found == changes || !isLooking;
    }

    private boolean isFirst(Waiter waiter) {
        return (builders.isEmpty() ? readers : builders).iterator().next().equals(waiter);
    }

    /** Ends what a waiter does for the others. */
    private void end(Waiter waiter) {
        if (waiter.isReading) {
            waiter.isReading = false;
            isReading = false;
        }
        if (waiter.isLooking) {
            waiter.isLooking = false;
            isLooking = false;
        }
    }

    private void wakeNext() {
        if (!isReading) {
            Stream.concat(builders.stream(), readers.stream()).limit(1).forEach((first) -> first.wakeUp.signal());
        }
        if (!isLooking && found != changes) {
            all().filter((waiter) -> !waiter.looksAlone && waiter.changes != changes)
                .limit(1)
                .forEach((waiter) -> waiter.wakeUp.signal());
        }
    }

    private Stream<Waiter> all() {
        return Stream.concat(builders.stream(), readers.stream());
    }

    /** The entry has come, as one has seen: all others look for themselves. */
    void found() {
        lock.lock();
        try {
            changes++;
            found = changes;
            wakeAll();
        }
        finally {
            lock.unlock();
        }
    }

    /** The entry has not come, as one has seen that looked for others too. */
    void notFound(Waiter waiter) {
        lock.lock();
        try {
            if (waiter.isLooking) {
                missed = waiter.changes;
                all().filter((other) -> !other.looksAlone && other.changes - waiter.changes < 0)
                    .forEach((other) -> other.changes = waiter.changes);
            }
        }
        finally {
            lock.unlock();
        }
    }

    /**
     * The leases, as a waiter has read them.
     * @param next when they have to be read again, as {@link System#nanoTime}
     */
    void read(Waiter waiter, List<Lease> latest, long next) {
        lock.lock();
        try {
            leases = latest;
            isOver = latest.isEmpty();
            nextRead = (waiter.ends == ends) ? next : System.nanoTime();
            if (isOver) {
                readers.forEach((reader) -> reader.wakeUp.signal());
            }
        }
        finally {
            lock.unlock();
        }
    }

    /**
     * The database did not answer: somebody asks again a little later, while a lease that
     * is known must still be live. Else all fail: nobody knows that somebody builds.
     */
    void retry(DataAccessException cause, long millis) {
        lock.lock();
        try {
            if (leases.stream().noneMatch((lease) -> lease.isLiveAt(millis))) {
                failures++;
                lastFailure = cause;
                wakeAll();
                throw cause;
            }
            nextRead = System.nanoTime() + RETRY_DELAY;
        }
        finally {
            lock.unlock();
        }
    }

    /** The entry was written, or the one in the base. */
    void changed() {
        lock.lock();
        try {
            changes++;
            all().filter((waiter) -> waiter.looksAlone).forEach((waiter) -> waiter.wakeUp.signal());
            wakeNext();
        }
        finally {
            lock.unlock();
        }
    }

    /** A lease has ended, or may have. */
    void ended() {
        lock.lock();
        try {
            ends++;
            nextRead = System.nanoTime();
            wakeNext();
        }
        finally {
            lock.unlock();
        }
    }

    /** All go at once. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
            wakeAll();
        }
        finally {
            lock.unlock();
        }
    }

    private void wakeAll() {
        all().forEach((waiter) -> waiter.wakeUp.signal());
    }

    /** Whose lease it is, as it was read last. */
    @Nullable Lease first() {
        lock.lock();
        try {
            return leases.isEmpty() ? null : leases.getFirst();
        }
        finally {
            lock.unlock();
        }
    }

}
