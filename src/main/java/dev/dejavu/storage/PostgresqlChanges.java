package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.SmartLifecycle;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeObserver;
import dev.dejavu.cache.Changes;

/**
 * Listens to what triggers tell of every change that is committed, on a connection of its
 * own. A few times a second it sends itself a notification: when that arrives, so has
 * every one of a change that was acknowledged before it was sent. A connection that is
 * lost, hangs, or does not lead to one and the same session thus ends its own trust, in
 * time and without anybody noticing.
 */
final class PostgresqlChanges implements Changes, SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(PostgresqlChanges.class);

    private static final Duration BEAT = Duration.ofMillis(200);

    /** With what may pass between the question and the answer it stays below a second. */
    private static final long TRUST = Duration.ofMillis(800).toNanos();

    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final String BEATS = "beat ";

    private final JdbcConnectionDetails details;

    private final Properties properties;

    private final Supplier<List<ChangeObserver>> observers;

    private volatile @Nullable Thread listener;

    /** When the last beat that has arrived was sent, as {@link System#nanoTime}. */
    private volatile long told = System.nanoTime() - TRUST;

    private boolean warned;

    PostgresqlChanges(JdbcConnectionDetails details, Properties properties, Supplier<List<ChangeObserver>> observers) {
        this.details = details;
        this.properties = properties;
        this.observers = observers;
    }

    @Override
    public boolean areTold() {
        return System.nanoTime() - told < TRUST;
    }

    @Override
    public void start() {
        Thread thread = Thread.ofPlatform().daemon().name("changes").unstarted(this::listen);
        listener = thread;
        thread.start();
    }

    @Override
    public void stop() {
        Thread listening = listener;
        listener = null;
        if (listening != null) {
            listening.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return listener != null;
    }

    private void listen() {
        while (isListening()) {
            try (Connection connection = connect(); Statement statement = connection.createStatement()) {
                statement.execute("listen dejavu");
                // What was told while nobody listened is lost.
                observers.get().forEach(ChangeObserver::allChanged);
                listen(connection);
            }
            catch (SQLException ex) {
                log.debug("Changes are not told", ex);
            }
            pause();
        }
    }

    private boolean isListening() {
        return listener == Thread.currentThread();
    }

    private Connection connect() throws SQLException {
        Properties login = new Properties();
        login.putAll(properties);
        put(login, "user", details.getUsername());
        put(login, "password", details.getPassword());
        return DriverManager.getConnection(details.getJdbcUrl(), login);
    }

    private static void put(Properties login, String name, @Nullable String value) {
        if (value != null) {
            login.put(name, value);
        }
    }

    private void listen(Connection connection) throws SQLException {
        PGConnection channel = connection.unwrap(PGConnection.class);
        try (PreparedStatement beat = connection.prepareStatement("select pg_notify('dejavu', ?)")) {
            for (long number = 0; isListening(); number++) {
                long sent = System.nanoTime();
                beat.setString(1, BEATS + number);
                beat.execute();
                if (!pass(channel.getNotifications(), BEATS + number)) {
                    warn();
                    return;
                }
                told = sent;
                pass(channel.getNotifications((int) BEAT.toMillis()), "");
            }
        }
    }

    /**
     * Passes notifications on.
     * @return whether the one that is awaited is among them
     */
    private boolean pass(PGNotification @Nullable [] notifications, String awaited) {
        boolean arrived = false;
        for (PGNotification notification : (notifications != null) ? notifications : new PGNotification[0]) {
            String text = notification.getParameter();
            arrived |= text.equals(awaited);
            if (!text.startsWith(BEATS)) {
                pass(text.split(" "));
            }
        }
        return arrived;
    }

    private void pass(String[] words) {
        List<CacheKey> keys = Arrays.stream(words).skip(1).map(CacheKey::new).toList();
        for (ChangeObserver observer : observers.get()) {
            if (keys.isEmpty()) {
                observer.allChanged();
            }
            else {
                observer.changed(words[0], keys);
            }
        }
    }

    private void warn() {
        if (!warned) {
            log.warn("Notifications of PostgreSQL do not arrive here, so every lookup asks the database:"
                    + " a pooler between must keep a session for each connection");
            warned = true;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

}
