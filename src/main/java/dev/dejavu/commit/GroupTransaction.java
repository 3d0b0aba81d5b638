package dev.dejavu.commit;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.function.Predicate;

import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.support.TransactionOperations;

/**
 * Carries out many writes in one transaction, and gives each its result. When it fails,
 * finds out which write failed it, and commits the others without that.
 */
final class GroupTransaction {

    /** How many writes one statement executes at most. */
    private static final int MAX_JOINED = 64;

    /** For fewer a joint statement, with what it needs around it, is no gain. */
    private static final int MIN_JOINED = 4;

    /** After so long a transaction takes in no more writes. */
    private static final long MAX_DURATION = Duration.ofMillis(100).toNanos();

    private final TransactionOperations transaction;

    private final BlockingQueue<PendingWrite<?, ?>> queue;

    /**
     * A transaction for those who queue.
     * @param queue fails with it when the database is unavailable
     */
    GroupTransaction(TransactionOperations transaction, BlockingQueue<PendingWrite<?, ?>> queue) {
        this.transaction = transaction;
        this.queue = queue;
    }

    /**
     * Commits writes together.
     * @return the writes for which there was no time
     */
    List<PendingWrite<?, ?>> commit(List<PendingWrite<?, ?>> writes) {
        return commit(writes, true);
    }

    private List<PendingWrite<?, ?>> commit(List<PendingWrite<?, ?>> writes, boolean join) {
        // In one order everywhere, so that instances cannot deadlock.
        writes.sort(Comparator.comparing(PendingWrite::key));
        Deque<PendingWrite<?, ?>> waiting = new ArrayDeque<>(writes);
        List<PendingWrite<?, ?>> taken = new ArrayList<>();
        try {
            transaction.executeWithoutResult((status) -> run(waiting, taken, join));
            taken.forEach(PendingWrite::committed);
        }
        // Whatever it is, the writers that wait must get an answer.
        catch (Throwable ex) {
            if (isUnavailable(ex)) {
                // They would wait as long for the same error.
                queue.drainTo(waiting);
                claimAll(taken, waiting, (write) -> true);
            }
            else if (!taken.isEmpty() && !taken.getLast().isExecuted()) {
                return commitWithoutLast(taken, waiting, ex, join);
            }
            commitAlone(taken, ex);
        }
        return new ArrayList<>(waiting);
    }

    /**
     * Commits anew what was executed before the statement that failed. Where that was one
     * of many writes, all are carried out singly, to see which of them fails.
     * @return the writes for which there was no time
     */
    private List<PendingWrite<?, ?>> commitWithoutLast(List<PendingWrite<?, ?>> taken,
            Deque<PendingWrite<?, ?>> waiting, Throwable failure, boolean join) {
        if (taken.getLast().isJoined()) {
            taken.forEach(PendingWrite::giveBack);
            taken.addAll(waiting);
            return commit(taken, false);
        }
        PendingWrite<?, ?> failed = taken.removeLast();
        boolean waited = failed.hasWaited();
        boolean shared = !taken.isEmpty();
        taken.forEach(PendingWrite::giveBack);
        List<PendingWrite<?, ?>> left = shared ? commit(taken, join) : new ArrayList<>();
        if (waited) {
            // A write to the same key would wait for the same lock, so it fails too.
            List<PendingWrite<?, ?>> same = new ArrayList<>();
            claimAll(same, waiting, (write) -> write.key().equals(failed.key()));
            same.forEach((write) -> write.failed(failure(failure)));
        }
        if (shared && left.isEmpty() && !waited) {
            // It may have met what is over, such as a full disk.
            commitAlone(List.of(failed), failure);
        }
        else {
            failed.failed(failure(failure));
        }
        left.addAll(waiting);
        return left;
    }

    private static void run(Deque<PendingWrite<?, ?>> waiting, List<PendingWrite<?, ?>> taken, boolean join) {
        long begin = System.nanoTime();
        while (!waiting.isEmpty() && System.nanoTime() - begin < MAX_DURATION) {
            if (waiting.element().isAlone() && !taken.isEmpty()) {
                break;
            }
            PendingWrite<?, ?> write = waiting.remove();
            if (write.claim()) {
                List<PendingWrite<?, ?>> statement = join ? joined(write, waiting) : List.of(write);
                taken.addAll(statement);
                PendingWrite.run(statement);
                if (write.isAlone()) {
                    break;
                }
            }
        }
        checkAge(taken);
    }

    /**
     * A write and those after it that one statement executes with it, all claimed. Their
     * number is a power of two, so that there are few statements to prepare, unless some
     * expire just then.
     */
    private static List<PendingWrite<?, ?>> joined(PendingWrite<?, ?> write, Deque<PendingWrite<?, ?>> waiting) {
        int able = 1;
        PendingWrite<?, ?> last = write;
        for (PendingWrite<?, ?> next : waiting) {
            if (able == MAX_JOINED || !next.joins(last)) {
                break;
            }
            able++;
            last = next;
        }
        List<PendingWrite<?, ?>> joined = new ArrayList<>(List.of(write));
        if (able >= MIN_JOINED) {
            for (int left = Integer.highestOneBit(able) - 1; left > 0; left--) {
                PendingWrite<?, ?> next = waiting.remove();
                if (next.claim()) {
                    joined.add(next);
                }
            }
        }
        return joined;
    }

    /** Before the commit: rolls back what its caller will not wait for. */
    private static void checkAge(List<PendingWrite<?, ?>> taken) {
        if (taken.stream().anyMatch(PendingWrite::isTooOldToCommit)) {
            throw new QueryTimeoutException("The statements took too long to commit them in time");
        }
    }

    private static void claimAll(List<PendingWrite<?, ?>> taken, Deque<PendingWrite<?, ?>> waiting,
            Predicate<PendingWrite<?, ?>> which) {
        waiting.stream().filter(which).filter(PendingWrite::claim).forEach(taken::add);
        waiting.removeIf(which);
    }

    /** Tries each write alone, while the database answers and there is time. */
    private void commitAlone(List<PendingWrite<?, ?>> writes, Throwable together) {
        Throwable failure = together;
        for (PendingWrite<?, ?> write : writes) {
            if (!isUnavailable(failure) && !write.isTimedOut()) {
                try {
                    transaction.executeWithoutResult((status) -> {
                        write.run();
                        checkAge(List.of(write));
                    });
                    write.committed();
                    continue;
                }
                catch (Throwable ex) {
                    failure = ex;
                }
            }
            write.failed(failure(failure));
        }
    }

    private static boolean isUnavailable(Throwable failure) {
        return failure instanceof TransactionException || failure instanceof DataAccessResourceFailureException;
    }

    private static Throwable failure(Throwable cause) {
        return (cause instanceof TransactionException)
                ? new DataAccessResourceFailureException("The transaction could not begin or end", cause) : cause;
    }

}
