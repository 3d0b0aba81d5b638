package dev.dejavu.storage;

import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

import com.zaxxer.hikari.HikariDataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.Watermark;

/**
 * Receives a notification of every committed change from triggers. Five times per second
 * this instance also sends a notification to itself, through another connection: as they
 * arrive in the order of their commits, every change that was committed before it has
 * arrived when it does. So a connection that is lost, hangs, or leads to no session of
 * its own ends the feed's currency in time, without any error.
 */
final class PostgresqlChangeFeed implements ChangeFeed, SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(PostgresqlChangeFeed.class);

    private static final Duration HEARTBEAT = Duration.ofMillis(200);

    /** Leaves some time for an answer, so that none is more than a second behind. */
    private static final long MAX_AGE = Duration.ofMillis(800).toNanos();

    private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

    /** How long no heartbeat has to arrive. */
    private static final long RECONNECT_AFTER = Duration.ofSeconds(5).toNanos();

    /**
     * The cache, after a minus for a deletion, then the keys that changed; no keys for
     * all.
     */
    private static final String CHANGES = "dejavu";

    private static final String WATERMARKS = "dejavu_watermarks";

    /** A plus or a minus, then the key. */
    private static final String LEASES = "dejavu_leases";

    /** For this instance alone, so that its heartbeats wake no other. */
    private final String heartbeats = "dejavu_beat_" + UUID.randomUUID().toString().replace("-", "");

    private final HikariDataSource pool;

    private final PostgresqlLogin login;

    private final Supplier<List<ChangeListener>> listeners;

    private final Supplier<List<JdbcCacheRepository<?>>> repositories;

    private final Runnable onSilence;

    private volatile @Nullable Thread receiver;

    /**
     * When the last heartbeat that has arrived was sent, as {@link System#nanoTime}.
     */
    private volatile long currentAsOf = System.nanoTime() - MAX_AGE;

    private boolean warned;

    /**
     * A change feed.
     * @param onSilence told when something is wrong with PostgreSQL or the way to it
     */
    PostgresqlChangeFeed(HikariDataSource pool, PostgresqlLogin login, Supplier<List<ChangeListener>> listeners,
            Supplier<List<JdbcCacheRepository<?>>> repositories, Runnable onSilence) {
        this.pool = pool;
        this.login = login;
        this.listeners = listeners;
        this.repositories = repositories;
        this.onSilence = onSilence;
    }

    @Override
    public boolean isCurrent() {
        return System.nanoTime() - currentAsOf < MAX_AGE;
    }

    @Override
    public long currentAsOf() {
        return currentAsOf;
    }

    @Override
    public void start() {
        Thread thread = Thread.ofPlatform().daemon().name("changes").unstarted(this::run);
        receiver = thread;
        thread.start();
    }

    @Override
    public void stop() {
        Thread running = receiver;
        receiver = null;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return receiver != null;
    }

    private void run() {
        while (isReceiver() && !isShared()) {
            try (NotificationChannel channel = NotificationChannel.open(pool, login, CHANGES, WATERMARKS, LEASES,
                    heartbeats)) {
                if (channel.hasTriggers(repositories.get())) {
                    // Earlier notifications are lost.
                    listeners.get().forEach(ChangeListener::onInterruption);
                    receive(channel);
                }
            }
            catch (SQLException | RuntimeException ex) {
                log.debug("The change feed is interrupted", ex);
                onSilence.run();
            }
            LockSupport.parkNanos(RETRY_DELAY.toNanos());
        }
    }

    /** Whether no session is ours, so that nothing would arrive. */
    private boolean isShared() {
        try {
            PostgresqlSessions sessions = PostgresqlSessions.of(pool);
            return sessions != null && sessions.isShared();
        }
        catch (SQLException ex) {
            return false;
        }
    }

    private boolean isReceiver() {
        return receiver == Thread.currentThread();
    }

    private void receive(NotificationChannel channel) throws SQLException {
        long heard = System.nanoTime();
        for (long number = 0; isReceiver(); number++) {
            long sent = System.nanoTime();
            String heartbeat = String.valueOf(number);
            NotificationChannel.send(pool, heartbeats, heartbeat);
            boolean arrived = false;
            for (long left = HEARTBEAT.toMillis(); left > 0; left = HEARTBEAT.toMillis() - millisSince(sent)) {
                for (PGNotification notification : channel.receive((int) left)) {
                    arrived |= dispatch(notification, heartbeat);
                }
                if (arrived) {
                    currentAsOf = sent;
                    heard = sent;
                }
            }
            if (!arrived && sent - heard > RECONNECT_AFTER) {
                warn();
                return;
            }
        }
    }

    private static long millisSince(long start) {
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    /**
     * Passes a notification on.
     * @return whether it is the heartbeat that is awaited
     */
    private boolean dispatch(PGNotification notification, String heartbeat) {
        String payload = notification.getParameter();
        switch (notification.getName()) {
            case CHANGES -> dispatchChange(payload.split(" "));
            case WATERMARKS -> dispatchWatermark(payload.split(" "));
            case LEASES -> dispatchLease(payload);
            default -> {
                return payload.equals(heartbeat);
            }
        }
        return false;
    }

    private void dispatchChange(String[] words) {
        List<CacheKey> keys = Arrays.stream(words).skip(1).map(CacheKey::parse).toList();
        for (ChangeListener listener : listeners.get()) {
            if (keys.isEmpty()) {
                listener.onReset();
            }
            else if (words[0].startsWith("-")) {
                listener.onRemoved(words[0].substring(1), keys);
            }
            else {
                listener.onChange(words[0], keys);
            }
        }
    }

    /** As the trigger wrote it; the subject follows a slash, as it may be empty. */
    private void dispatchWatermark(String[] words) {
        Watermark watermark = new Watermark(words[0], words[1].substring(1), Long.parseLong(words[2]),
                Long.parseLong(words[3]), Long.parseLong(words[4]), words[5].equals("-") ? null : words[5],
                Long.parseLong(words[6]), Long.parseLong(words[7]), Instant.ofEpochMilli(Long.parseLong(words[8])));
        listeners.get().forEach((listener) -> listener.onWatermark(watermark));
    }

    private void dispatchLease(String payload) {
        CacheKey key = CacheKey.parse(payload.substring(1));
        for (ChangeListener listener : listeners.get()) {
            if (payload.startsWith("+")) {
                listener.onLeaseTaken(key);
            }
            else {
                listener.onLeaseEnded(key);
            }
        }
    }

    private void warn() {
        if (!warned) {
            log.warn("Notifications of PostgreSQL do not arrive here, so every lookup asks the database:"
                    + " a pooler in between must keep a session for each connection");
            warned = true;
        }
    }

}
