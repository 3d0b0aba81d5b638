package dev.dejavu.commit;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

import org.springframework.dao.DataAccessException;
import org.springframework.dao.QueryTimeoutException;

/**
 * A statement that waits for its commit. Either its writer gives up, or it is carried
 * out: never both.
 */
final class PendingWrite<T> {

    /**
     * To be taken; with what one transaction takes it stays near the 2 s that a request
     * may wait.
     */
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private final String key;

    private final Supplier<T> statement;

    private final long begin = System.nanoTime();

    private final AtomicBoolean taken = new AtomicBoolean();

    private final CompletableFuture<T> done = new CompletableFuture<>();

    private volatile Runnable outcome = () -> {
    };

    PendingWrite(String key, Supplier<T> statement) {
        this.key = key;
        this.statement = statement;
    }

    /** What it writes to: those of one key keep their order. */
    String key() {
        return key;
    }

    /**
     * Takes it, to be carried out or given up.
     * @return whether nobody did before
     */
    boolean claim() {
        return taken.compareAndSet(false, true);
    }

    /** Whether its writer has waited too long to wait for another transaction. */
    boolean isTimedOut() {
        return System.nanoTime() - begin > TIMEOUT.toNanos();
    }

    /** Carries it out; what it gave counts once it is committed. */
    void run() {
        T result = statement.get();
        outcome = () -> done.complete(result);
    }

    void committed() {
        outcome.run();
    }

    void failed(Throwable cause) {
        done.completeExceptionally(cause);
    }

    /** Gives it up if it has waited too long. */
    void expire() {
        if (isTimedOut() && claim()) {
            failed(new QueryTimeoutException("Too many writers waited before this one"));
        }
    }

    /**
     * Waits for the commit.
     * @throws DataAccessException it was not, or nobody knows whether it was
     */
    T await() {
        try {
            done.get();
        }
        catch (ExecutionException ex) {
            // The outcome says it.
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            if (claim()) {
                throw new QueryTimeoutException("Stopped while it waited for its commit", ex);
            }
        }
        return outcome();
    }

    private T outcome() {
        try {
            return done.join();
        }
        catch (CompletionException ex) {
            throw (ex.getCause() instanceof RuntimeException cause) ? cause : ex;
        }
    }

}
