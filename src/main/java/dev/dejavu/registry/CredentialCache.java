package dev.dejavu.registry;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The credentials that one credential helper gives for one registry. The helper says not
 * how long they are good for: some are for an hour. So it is asked again every few
 * minutes, and at once when they were refused; by one thread, whoever waits. One that had
 * a login and says it has none fails: that makes nobody a stranger.
 */
final class CredentialCache {

    private static final Logger log = LoggerFactory.getLogger(CredentialCache.class);

    /** How old credentials may be before the helper is asked for others. */
    private static final Duration REFRESH = Duration.ofMinutes(10);

    /** How old they may be while the helper fails. */
    private static final Duration MAX_AGE = Duration.ofHours(1);

    /** Between two attempts that came to nothing, or that follow a refusal. */
    private static final Duration RETRY = Duration.ofSeconds(10);

    private final Source source;

    private final String name;

    private final Executor executor;

    private final Clock clock;

    private final BooleanSupplier mayStart;

    private @Nullable Credentials credentials;

    /** Whether the helper ever had a login. */
    private boolean hadLogin;

    /** Since when. */
    private Instant fetchedAt = Instant.MIN;

    private Instant refusedAt = Instant.MIN;

    private Instant nextFetch = Instant.MIN;

    /** The last outcome without credentials; empty when the helper has none. */
    private String failure = "";

    private @Nullable CompletableFuture<Void> fetch;

    /**
     * Where the credentials come from.
     */
    @FunctionalInterface
    interface Source {

        /** The credentials; {@code null} for none. */
        @Nullable Credentials get() throws IOException, InterruptedException;

    }

    /**
     * @param name of the helper and the registry, for people
     * @param executor of platform threads
     * @param mayStart whether a helper that never had a login here may run now
     */
    CredentialCache(Source source, String name, Executor executor, Clock clock, BooleanSupplier mayStart) {
        this.source = source;
        this.name = name;
        this.executor = executor;
        this.clock = clock;
        this.mayStart = mayStart;
    }

    /**
     * Returns the credentials, and waits for the helper when there are none.
     * @return {@code null} when the helper has none
     * @throws RegistryException when the helper failed, or did just now
     */
    @Nullable Credentials get() throws RegistryException {
        CompletableFuture<Void> running = refresh();
        Credentials known = known();
        if (known == null && running != null) {
            await(running);
            known = known();
        }
        if (known == null && !failure().isEmpty()) {
            throw new RegistryException(ImageStatus.Reason.LOGIN_UNAVAILABLE, failure());
        }
        return known;
    }

    /** Forgets credentials that were refused, unless the helper just gave them again. */
    synchronized void refused(Credentials old) {
        Instant now = clock.instant();
        if (old.equals(credentials) && !now.isBefore(refusedAt.plus(RETRY))) {
            credentials = null;
            refusedAt = now;
            nextFetch = now;
        }
    }

    private synchronized @Nullable Credentials known() {
        return clock.instant().isBefore(fetchedAt.plus(MAX_AGE)) ? credentials : null;
    }

    private synchronized boolean hadLogin() {
        return hadLogin;
    }

    private synchronized String failure() {
        return failure;
    }

    /** Asks the helper if it is time to. */
    private synchronized @Nullable CompletableFuture<Void> refresh() {
        if (fetch == null && !clock.instant().isBefore(nextFetch)) {
            CompletableFuture<Void> started = new CompletableFuture<>();
            fetch = started;
            try {
                if (!hadLogin && !mayStart.getAsBoolean()) {
                    throw new RejectedExecutionException();
                }
                executor.execute(() -> fetch(started));
            }
            catch (RejectedExecutionException ex) {
                done(null, "too many credential helpers run", started);
            }
        }
        return fetch;
    }

    private void fetch(CompletableFuture<Void> started) {
        Credentials found = null;
        String problem = "interrupted";
        try {
            found = source.get();
            if (found == null && hadLogin()) {
                throw new IOException("says that it no longer has a login");
            }
            problem = "";
        }
        catch (IOException | RuntimeException ex) {
            problem = name + ": " + ex.getMessage();
            if (!problem.equals(failure())) {
                log.warn("{}", problem);
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        finally {
            done(found, problem, started);
        }
    }

    private synchronized void done(@Nullable Credentials found, String problem, CompletableFuture<Void> started) {
        Instant now = clock.instant();
        if (problem.isEmpty()) {
            credentials = found;
            fetchedAt = now;
            hadLogin |= found != null;
        }
        failure = problem;
        nextFetch = now.plus((found != null) ? REFRESH : RETRY);
        fetch = null;
        started.complete(null);
    }

    private static void await(CompletableFuture<Void> running) throws RegistryException {
        try {
            running.get();
        }
        catch (ExecutionException ex) {
            throw new IllegalStateException(ex);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new RegistryException(ImageStatus.Reason.LOGIN_UNAVAILABLE, "interrupted");
        }
    }

}
