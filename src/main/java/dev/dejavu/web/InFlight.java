package dev.dejavu.web;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Bounds what all requests in flight hold together: half of it is for their bodies, half
 * for what is read from them and for the entries of their answers until these are sent.
 * So requests that wait for room for an answer cannot hold all that they wait for. A
 * caller gets half of each at most.
 */
@Component
class InFlight {

    /** Bytes of a permit. */
    private static final int UNIT = 1024;

    /** For what is only held while there is work to do. */
    private static final Duration MAX_WAIT = Duration.ofSeconds(1);

    private final Room bodies;

    private final Room answers;

    private final CallerIdentity caller;

    InFlight(HttpProperties properties, CallerIdentity caller, MeterRegistry metrics) {
        int units = (int) Math.min(Integer.MAX_VALUE, properties.maxInFlightBytes() / UNIT);
        this.bodies = new Room(units / 2);
        this.answers = new Room(units / 2);
        this.caller = caller;
        Gauge.builder("dejavu.http.in.flight", this, (self) -> (self.bodies.taken() + self.answers.taken()) * UNIT)
            .description("Heap reserved for the bodies and answers of requests in flight")
            .baseUnit("bytes")
            .register(metrics);
    }

    /**
     * The reservation of the request that this thread serves; it ends with the request.
     */
    Reservation reservation() {
        RequestAttributes request = RequestContextHolder.currentRequestAttributes();
        // A request that is dispatched once more, to the page of an error, begins anew.
        if (request.getAttribute(Reservation.NAME, RequestAttributes.SCOPE_REQUEST) instanceof Reservation found
                && !found.isReleased) {
            return found;
        }
        Reservation reservation = new Reservation(caller.sharing());
        request.setAttribute(Reservation.NAME, reservation, RequestAttributes.SCOPE_REQUEST);
        request.registerDestructionCallback(Reservation.NAME, reservation::release, RequestAttributes.SCOPE_REQUEST);
        return reservation;
    }

    /**
     * What one request reserves.
     */
    final class Reservation {

        private static final String NAME = InFlight.class.getName();

        private final Part body;

        private final Part answer;

        private boolean isReleased;

        private Reservation(String sharing) {
            this.body = new Part(bodies, sharing);
            this.answer = new Part(answers, sharing);
        }

        /**
         * Reserves room for so much of the body in all, at once or not at all.
         * @throws ProblemException {@link Problem#OVERLOADED}
         */
        void growTo(long bytes) {
            body.growTo(bytes, Duration.ZERO);
        }

        /**
         * Reserves room for a body that nothing has been read of yet, and waits for it a
         * while.
         * @throws ProblemException {@link Problem#OVERLOADED}
         */
        void awaitBody(long bytes) {
            body.growTo(bytes, MAX_WAIT);
        }

        /**
         * Reserves room for an answer, as far as that of the body is not enough, and
         * waits for it a while. Who needs more than a share gets all of that.
         * @throws ProblemException {@link Problem#OVERLOADED}
         */
        void awaitAnswer(long bytes) {
            answer.growTo(bytes - (long) body.held * UNIT, MAX_WAIT);
        }

        /** Ends it before the request does. */
        void release() {
            if (!isReleased) {
                isReleased = true;
                body.release();
                answer.release();
            }
        }

    }

    /**
     * The permits for one of the two halves.
     */
    private static final class Room {

        private final Semaphore all;

        private final int units;

        private final int share;

        private final LoadingCache<String, Semaphore> shares;

        Room(int units) {
            this.all = new Semaphore(units);
            this.units = units;
            this.share = units / 2;
            // A share lives as long as a reservation holds of it.
            this.shares = Caffeine.newBuilder().weakValues().build((identity) -> new Semaphore(share));
        }

        double taken() {
            return units - all.availablePermits();
        }

    }

    /**
     * What one request holds of a room.
     */
    private static final class Part {

        private final Room room;

        private final Semaphore own;

        private int held;

        Part(Room room, String sharing) {
            this.room = room;
            this.own = room.shares.get(sharing);
        }

        void growTo(long bytes, Duration maxWait) {
            int more = (int) Math.min(room.share, (bytes + UNIT - 1) / UNIT) - held;
            if (more <= 0) {
                return;
            }
            if (!acquire(own, more, maxWait)) {
                throw overloaded();
            }
            if (!acquire(room.all, more, maxWait)) {
                own.release(more);
                throw overloaded();
            }
            held += more;
        }

        private static boolean acquire(Semaphore permits, int count, Duration maxWait) {
            try {
                return permits.tryAcquire(count) || (maxWait.isPositive()
                        && permits.tryAcquire(count, maxWait.toMillis(), TimeUnit.MILLISECONDS));
            }
            catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                return false;
            }
        }

        private static ProblemException overloaded() {
            return new ProblemException(Problem.OVERLOADED,
                    "The requests in flight hold all the memory that they may have. Go on without the cache.");
        }

        void release() {
            own.release(held);
            room.all.release(held);
        }

    }

}
