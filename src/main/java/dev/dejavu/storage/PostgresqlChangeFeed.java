package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.UUID;
import java.util.function.Supplier;

import com.zaxxer.hikari.HikariDataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessResourceFailureException;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.RegistryEvent;

/**
 * Listens to what triggers tell of every change that is committed, on a connection of its
 * own. Five times a second another connection sends a notification to this instance
 * alone: as they arrive in the order of their commits, every change that was acknowledged
 * before has arrived when this one does. A connection that is lost, hangs, or leads to no
 * session of its own thus ends its trust in time, without anybody noticing.
 */
final class PostgresqlChangeFeed implements ChangeFeed, SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(PostgresqlChangeFeed.class);

    private static final Duration BEAT = Duration.ofMillis(200);

    /** With what may pass between the question and the answer it stays below a second. */
    private static final long TRUST = Duration.ofMillis(800).toNanos();

    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** Without a beat for so long the connection is given up. */
    private static final long SILENCE = Duration.ofSeconds(5).toNanos();

    private static final String TRIGGERS = """
            select count(*) from pg_trigger
            where tgrelid in ('image_cache'::regclass, 'bundle_cache'::regclass) and not tgisinternal
                and tgname like '%\\_cache\\_%' and tgenabled <> 'D'
            """;

    private static final int ALL_TRIGGERS = 6;

    /**
     * On which events of registries are told: their kind, the repository, and who tells.
     */
    private static final String EVENTS = "dejavu_events";

    private final String instance = UUID.randomUUID().toString().replace("-", "");

    /** A channel of this instance alone, so that its beats wake nobody else. */
    private final String beats = "dejavu_beat_" + instance;

    private final HikariDataSource pool;

    private final JdbcConnectionDetails details;

    private final Supplier<List<ChangeListener>> observers;

    private volatile @Nullable Thread listener;

    /** When the last beat that has arrived was sent, as {@link System#nanoTime}. */
    private volatile long told = System.nanoTime() - TRUST;

    private boolean warned;

    PostgresqlChangeFeed(HikariDataSource pool, JdbcConnectionDetails details,
            Supplier<List<ChangeListener>> observers) {
        this.pool = pool;
        this.details = details;
        this.observers = observers;
    }

    @Override
    public boolean isCurrent() {
        return System.nanoTime() - told < TRUST;
    }

    @Override
    public void publish(RegistryEvent.Kind kind, String repository) {
        try (Connection connection = pool.getConnection()) {
            notify(connection, EVENTS, kind + " " + repository + " " + instance);
        }
        catch (SQLException ex) {
            throw new DataAccessResourceFailureException("Not told: " + repository, ex);
        }
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
                statement.execute("listen " + EVENTS);
                statement.execute("listen " + beats);
                if (areTriggersThere(statement)) {
                    // What was told while nobody listened is lost.
                    observers.get().forEach(ChangeListener::onReset);
                    listen(connection.unwrap(PGConnection.class));
                }
            }
            catch (SQLException | RuntimeException ex) {
                log.debug("Changes are not told", ex);
            }
            pause();
        }
    }

    /** Without them nothing is told, however well the channel works. */
    private static boolean areTriggersThere(Statement statement) throws SQLException {
        try (ResultSet count = statement.executeQuery(TRIGGERS)) {
            return count.next() && count.getInt(1) == ALL_TRIGGERS;
        }
    }

    private boolean isListening() {
        return listener == Thread.currentThread();
    }

    private Connection connect() throws SQLException {
        Properties login = new Properties();
        login.putAll(pool.getDataSourceProperties());
        put(login, "user", details.getUsername());
        put(login, "password", details.getPassword());
        return DriverManager.getConnection(details.getJdbcUrl(), login);
    }

    private static void put(Properties login, String name, @Nullable String value) {
        if (value != null) {
            login.put(name, value);
        }
    }

    private void listen(PGConnection channel) throws SQLException {
        long heard = System.nanoTime();
        for (long number = 0; isListening(); number++) {
            long sent = System.nanoTime();
            send(number);
            boolean arrived = false;
            // One call returns with the first that comes.
            for (long left = BEAT.toMillis(); left > 0; left = BEAT.toMillis() - millisSince(sent)) {
                if (pass(channel.getNotifications((int) left), String.valueOf(number))) {
                    arrived = true;
                    told = sent;
                    heard = sent;
                }
            }
            if (!arrived && sent - heard > SILENCE) {
                warn();
                return;
            }
        }
    }

    private void send(long number) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            notify(connection, beats, String.valueOf(number));
        }
    }

    private static void notify(Connection connection, String channel, String payload) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select pg_notify(?, ?)")) {
            statement.setString(1, channel);
            statement.setString(2, payload);
            statement.execute();
        }
    }

    private static long millisSince(long start) {
        return Duration.ofNanos(System.nanoTime() - start).toMillis();
    }

    /**
     * Passes notifications on.
     * @return whether the beat that is awaited is among them
     */
    private boolean pass(PGNotification @Nullable [] notifications, String awaited) {
        boolean arrived = false;
        for (PGNotification notification : (notifications != null) ? notifications : new PGNotification[0]) {
            if (notification.getName().equals(beats)) {
                arrived |= notification.getParameter().equals(awaited);
            }
            else if (notification.getName().equals(EVENTS)) {
                passEvent(notification.getParameter().split(" "));
            }
            else {
                pass(notification.getParameter().split(" "));
            }
        }
        return arrived;
    }

    /** Not what this instance told itself: looks that began since then know of it. */
    private void passEvent(String[] words) {
        if (words[words.length - 1].equals(instance)) {
            return;
        }
        RegistryEvent.Kind kind = RegistryEvent.Kind.valueOf(words[0]);
        observers.get().forEach((observer) -> observer.onRegistryEvent(kind, words[1]));
    }

    private void pass(String[] words) {
        List<CacheKey> keys = Arrays.stream(words).skip(1).map(CacheKey::new).toList();
        for (ChangeListener observer : observers.get()) {
            if (keys.isEmpty()) {
                observer.onReset();
            }
            else {
                observer.onChange(words[0], keys);
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
