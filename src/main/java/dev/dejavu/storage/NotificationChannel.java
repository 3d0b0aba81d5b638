package dev.dejavu.storage;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

import com.zaxxer.hikari.HikariDataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * PostgreSQL's notifications: sent through the pool, received on a connection of their
 * own. They arrive in the order of their commits.
 */
final class NotificationChannel implements AutoCloseable {

    /**
     * For inserted, updated, renamed and deleted rows and for truncation, with these
     * arguments; the number says when each of them fires.
     */
    private static final String TRIGGERS = """
            select count(distinct tgtype) from pg_trigger join pg_proc on pg_proc.oid = tgfoid
            where tgrelid = to_regclass(?) and tgenabled <> 'D' and (
                tgargs = ? and (proname = 'dejavu_notify_row' and tgtype in (4, 16)
                    or proname = 'dejavu_notify_renamed' and tgtype = 17
                    or proname = 'dejavu_notify_removed' and tgtype = 8)
                or tgargs = ? and proname = 'dejavu_notify_all' and tgtype = 32)
            """;

    private static final String WATERMARK_TRIGGER = """
            select 1 from pg_trigger join pg_proc on pg_proc.oid = tgfoid
            where tgrelid = to_regclass('registry_watermark') and tgenabled <> 'D' and proname = 'dejavu_notify_watermark'
            """;

    private final Connection connection;

    private final PGConnection notifications;

    private NotificationChannel(Connection connection) throws SQLException {
        this.connection = connection;
        this.notifications = connection.unwrap(PGConnection.class);
    }

    static NotificationChannel open(HikariDataSource pool, PostgresqlLogin login, String... names) throws SQLException {
        NotificationChannel channel = new NotificationChannel(login.connect(pool.getDataSourceProperties()));
        try {
            channel.listen(names);
            return channel;
        }
        catch (SQLException ex) {
            channel.close();
            throw ex;
        }
    }

    private void listen(String... names) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String name : names) {
                statement.execute("listen " + name);
            }
        }
    }

    /**
     * Whether triggers notify of every change of the caches' tables and of the
     * watermarks. Without one, or with the name of another cache in it, the feed would
     * miss changes.
     */
    boolean hasTriggers(List<JdbcCacheRepository<?>> repositories) throws SQLException {
        for (JdbcCacheRepository<?> repository : repositories) {
            if (!hasTriggers(repository.name(), repository.names())) {
                return false;
            }
        }
        try (Statement statement = connection.createStatement();
                ResultSet trigger = statement.executeQuery(WATERMARK_TRIGGER)) {
            return trigger.next();
        }
    }

    private boolean hasTriggers(String cache, TableNames names) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(TRIGGERS)) {
            statement.setString(1, names.table());
            statement.setBytes(2, arguments(cache, names.key()));
            statement.setBytes(3, arguments(cache));
            try (ResultSet count = statement.executeQuery()) {
                return count.next() && count.getInt(1) == 5;
            }
        }
    }

    /** As the catalogue has them: each ends with a zero. */
    private static byte[] arguments(String... arguments) {
        return (String.join("\0", arguments) + "\0").getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Waits for notifications.
     * @return the first that arrive; none after the time
     */
    PGNotification[] receive(int timeoutMillis) throws SQLException {
        PGNotification @Nullable [] received = notifications.getNotifications(timeoutMillis);
        return (received != null) ? received : new PGNotification[0];
    }

    static void send(HikariDataSource pool, String name, String payload) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement statement = connection.prepareStatement("select pg_notify(?, ?)")) {
            statement.setString(1, name);
            statement.setString(2, payload);
            statement.execute();
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

}
