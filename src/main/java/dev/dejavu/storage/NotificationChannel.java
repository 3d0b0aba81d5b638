package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

import com.zaxxer.hikari.HikariDataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;

/**
 * PostgreSQL's notifications: sent through the pool, received on a connection of their
 * own. They arrive in the order of their commits.
 */
final class NotificationChannel implements AutoCloseable {

    /**
     * Each table of a cache, which its column {@code previous_value} tells from others,
     * needs a trigger for rows, one for deletions and one for truncation.
     */
    private static final String HAVE_TRIGGERS = """
            select coalesce(bool_and(3 = (
                select count(*) from pg_trigger join pg_proc on pg_proc.oid = tgfoid
                where tgrelid = pg_class.oid and tgenabled <> 'D' and proname like 'dejavu\\_notify\\_%')), false)
            from pg_class join pg_attribute on attrelid = pg_class.oid and attname = 'previous_value'
            where relkind = 'r' and relname like '%\\_cache' and pg_table_is_visible(pg_class.oid)
            """;

    private final Connection connection;

    private final PGConnection notifications;

    private NotificationChannel(Connection connection) throws SQLException {
        this.connection = connection;
        this.notifications = connection.unwrap(PGConnection.class);
    }

    static NotificationChannel open(HikariDataSource pool, JdbcConnectionDetails details, String... names)
            throws SQLException {
        Properties login = new Properties();
        login.putAll(pool.getDataSourceProperties());
        put(login, "user", details.getUsername());
        put(login, "password", details.getPassword());
        NotificationChannel channel = new NotificationChannel(DriverManager.getConnection(details.getJdbcUrl(), login));
        try {
            channel.listen(names);
            return channel;
        }
        catch (SQLException ex) {
            channel.close();
            throw ex;
        }
    }

    private static void put(Properties login, String name, @Nullable String value) {
        if (value != null) {
            login.put(name, value);
        }
    }

    private void listen(String... names) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String name : names) {
                statement.execute("listen " + name);
            }
        }
    }

    /** Whether every table of a cache notifies of its changes. */
    boolean isComplete() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet answer = statement.executeQuery(HAVE_TRIGGERS)) {
            return answer.next() && answer.getBoolean(1);
        }
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
