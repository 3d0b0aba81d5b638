package dev.dejavu.commit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.QueryTimeoutException;

/**
 * A statement that waits for its commit. Either it expires or it is carried out, never
 * both.
 *
 * @param <I> what a statement for many writes takes of each
 * @param <T> what it returns for each
 */
final class PendingWrite<I, T> {

    /** How long it may wait to be claimed. */
    private static final Duration TIMEOUT = Duration.ofMillis(800);

    /**
     * How old it may be when its commit begins, which can take most of what is left of
     * the 2 s that a request may wait.
     */
    private static final Duration MAX_AGE = Duration.ofMillis(1200);

    /** A statement that takes as long waits for others. */
    private static final Duration WAIT = Duration.ofMillis(200);

    private final String key;

    private final @Nullable I item;

    private final @Nullable Function<List<I>, List<T>> joint;

    private final Supplier<T> statement;

    private final boolean alone;

    private final long begin = System.nanoTime();

    private final AtomicBoolean claimed = new AtomicBoolean();

    private final CompletableFuture<T> done = new CompletableFuture<>();

    private volatile Runnable outcome = () -> {
    };

    private volatile boolean joined;

    private volatile boolean executed;

    private volatile long tried;

    PendingWrite(String key, Supplier<T> statement, boolean alone) {
        this.key = key;
        this.item = null;
        this.joint = null;
        this.statement = statement;
        this.alone = alone;
    }

    PendingWrite(String key, I item, Function<List<I>, List<T>> joint) {
        this.key = key;
        this.item = item;
        this.joint = joint;
        this.statement = () -> joint.apply(List.of(item)).getFirst();
        this.alone = false;
    }

    /** What it writes to: writes of one key keep their order. */
    String key() {
        return key;
    }

    /** Whether no other may be in its transaction. */
    boolean isAlone() {
        return alone;
    }

    /** Whether one statement can execute both: it writes no key twice. */
    boolean joins(PendingWrite<?, ?> other) {
        return joint != null && joint.equals(other.joint) && !key.equals(other.key);
    }

    /** Whether it was last executed with others by one statement. */
    boolean isJoined() {
        return joined;
    }

    /**
     * Claims it, to be executed or expired.
     * @return whether it was not claimed before
     */
    boolean claim() {
        return claimed.compareAndSet(false, true);
    }

    /**
     * Gives it back once it is certain that it is rolled back: it may be claimed again,
     * or has expired.
     */
    void giveBack() {
        claimed.set(false);
        expire();
    }

    /** Whether it has waited too long for another transaction. */
    boolean isTimedOut() {
        return isOlderThan(TIMEOUT);
    }

    /** Whether it is too old for a commit to begin that its caller can wait for. */
    boolean isTooOldToCommit() {
        return isOlderThan(MAX_AGE);
    }

    private boolean isOlderThan(Duration age) {
        return System.nanoTime() - begin > age.toNanos();
    }

    /** Whether its statement, which has just failed, took so long that it was waiting. */
    boolean hasWaited() {
        return System.nanoTime() - tried > WAIT.toNanos();
    }

    /** Whether its statement was executed when it was last tried. */
    boolean isExecuted() {
        return executed;
    }

    /** Executes it; the result counts once it is committed. */
    void run() {
        begin(false);
        executed(statement.get());
    }

    private void begin(boolean jointly) {
        joined = jointly;
        executed = false;
        tried = System.nanoTime();
    }

    /** Executes writes that join each other, as {@link #run} does. */
    static void run(List<PendingWrite<?, ?>> writes) {
        if (writes.size() == 1) {
            writes.getFirst().run();
        }
        else {
            runJointly(writes);
        }
    }

    // What joins has one statement, and so its types.
    @SuppressWarnings("unchecked")
    private static <I, T> void runJointly(List<PendingWrite<?, ?>> writes) {
        List<I> items = new ArrayList<>();
        for (PendingWrite<?, ?> write : writes) {
            write.begin(true);
            items.add((I) Objects.requireNonNull(write.item));
        }
        PendingWrite<I, T> first = (PendingWrite<I, T>) writes.getFirst();
        List<T> results = Objects.requireNonNull(first.joint).apply(items);
        for (int n = 0; n < writes.size(); n++) {
            ((PendingWrite<I, T>) writes.get(n)).executed(results.get(n));
        }
    }

    private void executed(T result) {
        outcome = () -> done.complete(result);
        executed = true;
    }

    void committed() {
        outcome.run();
    }

    void failed(Throwable cause) {
        done.completeExceptionally(cause);
    }

    /** Fails it if it has waited too long. */
    void expire() {
        if (isTimedOut() && claim()) {
            failed(new QueryTimeoutException("Too many writes were waiting before this one"));
        }
    }

    /**
     * Waits for the commit.
     * @throws DataAccessException when it was not, or may not have been
     */
    T await() {
        try {
            done.get();
        }
        catch (ExecutionException ex) {
            // outcome() throws it
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            if (claim()) {
                throw new QueryTimeoutException("The service stopped before the commit", ex);
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
