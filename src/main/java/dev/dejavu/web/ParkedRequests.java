package dev.dejavu.web;

import java.util.function.Supplier;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;

/**
 * Requests that wait for something to happen. They hold no memory meanwhile but that of
 * their connection, and the wait does not count as time that an answer took.
 */
@Component
public class ParkedRequests {

    /** The nanoseconds that a request waited. */
    static final String WAITED = ParkedRequests.class.getName();

    private final SingletonSupplier<InFlight> inFlight;

    // Late, as in InFlightInterceptor.
    ParkedRequests(ObjectProvider<InFlight> inFlight) {
        this.inFlight = SingletonSupplier.of(inFlight::getObject);
    }

    /** Waits in the request that this thread serves. */
    public <T> T park(Supplier<T> wait) {
        inFlight.obtain().reservation().release();
        long begin = System.nanoTime();
        try {
            return wait.get();
        }
        finally {
            RequestContextHolder.currentRequestAttributes()
                .setAttribute(WAITED, System.nanoTime() - begin, RequestAttributes.SCOPE_REQUEST);
        }
    }

}
