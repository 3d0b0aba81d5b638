package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.hc.client5.http.DnsResolver;

/**
 * Looks names up on threads of its own, and waits no longer than a limit: the JDK's
 * lookup cannot be interrupted, and holds the carrier of a virtual thread.
 */
final class TimedDnsResolver implements DnsResolver, AutoCloseable {

    private static final int MAX_THREADS = 32;

    private final DnsResolver resolver;

    private final Duration limit;

    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(0, MAX_THREADS, 30, TimeUnit.SECONDS,
            new SynchronousQueue<>(), Thread.ofPlatform().daemon().name("dns-", 0).factory());

    /**
     * @param limit of one lookup
     */
    TimedDnsResolver(DnsResolver resolver, Duration limit) {
        this.resolver = resolver;
        this.limit = limit;
    }

    /**
     * Looks a name up; an address as it is, at once.
     * @throws UnknownHostException when it has no address, or none in time
     */
    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        return (HostPattern.address(host) != null) ? resolver.resolve(host) : get(host, () -> resolver.resolve(host));
    }

    @Override
    public String resolveCanonicalHostname(String host) throws UnknownHostException {
        return get(host, () -> resolver.resolveCanonicalHostname(host));
    }

    private <T> T get(String host, Callable<T> lookup) throws UnknownHostException {
        Future<T> result;
        try {
            result = threads.submit(lookup);
        }
        catch (RejectedExecutionException ex) {
            throw new UnknownHostException(host + ": " + MAX_THREADS + " lookups are waiting already");
        }
        try {
            return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        }
        catch (TimeoutException ex) {
            throw new UnknownHostException(host + ": no answer within " + limit.toMillis() + " ms");
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new UnknownHostException(host + ": interrupted");
        }
        catch (ExecutionException ex) {
            if (ex.getCause() instanceof UnknownHostException unknown) {
                throw unknown;
            }
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }

}
