package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;
import java.util.UUID;

import javax.sql.DataSource;

import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.jdbc.datasource.AbstractDataSource;

/**
 * Connections to PostgreSQL outside the pool, whose timeout of a second suits lookups and
 * is too short for a migration. Their application has a name of its own, by which another
 * session finds out what they wait for.
 */
final class MigrationConnections {

    static final String MIGRATING = "the migration is running, which takes its time with many rows";

    private static final String APPLICATION = "dejavu schema ";

    /**
     * The sessions of migrations, ours first, and who holds the lock that one waits for.
     */
    private static final String SESSIONS = """
            select mine.application_name = ?, other.pid, other.application_name
            from pg_stat_activity mine left join pg_stat_activity other on other.pid = any (pg_blocking_pids(mine.pid))
            where mine.datname = current_database() and mine.application_name like ?
            order by 1 desc, 2 nulls last
            """;

    private final JdbcConnectionDetails login;

    private final String application = APPLICATION + UUID.randomUUID().toString().substring(0, 8);

    MigrationConnections(JdbcConnectionDetails login) {
        this.login = login;
    }

    /** For Flyway; as a bean, it would take the place of the pool. */
    DataSource dataSource() {
        return new AbstractDataSource() {

            @Override
            public Connection getConnection() throws SQLException {
                return connect(application, "5", "0");
            }

            @Override
            public Connection getConnection(String username, String secret) throws SQLException {
                return getConnection();
            }

        };
    }

    /**
     * Connects.
     * @param loginTimeout in seconds
     * @param socketTimeout in seconds; 0 for none
     */
    private Connection connect(String name, String loginTimeout, String socketTimeout) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("ApplicationName", name);
        properties.setProperty("loginTimeout", loginTimeout);
        properties.setProperty("socketTimeout", socketTimeout);
        properties.setProperty("tcpKeepAlive", "true");
        // A pooler may be in between.
        properties.setProperty("prepareThreshold", "0");
        return PostgresqlLogin.connect(login, properties);
    }

    /** Why a migration that has begun takes long, in words. */
    String reasonToWait() {
        try (Connection connection = connect("dejavu", "1", "1");
                PreparedStatement statement = connection.prepareStatement(SESSIONS)) {
            statement.setString(1, application);
            statement.setString(2, APPLICATION + "%");
            boolean othersMigrate = false;
            try (ResultSet session = statement.executeQuery()) {
                while (session.next()) {
                    boolean isMine = session.getBoolean(1);
                    if (isMine && session.getString(2) != null) {
                        return "the migration waits for a lock that session %d of PostgreSQL has (application '%s')"
                            .formatted(session.getInt(2), session.getString(3));
                    }
                    othersMigrate |= !isMine;
                }
            }
            return othersMigrate ? "another instance is migrating them" : MIGRATING;
        }
        catch (SQLException ex) {
            return DriverMessage.of(ex);
        }
    }

}
