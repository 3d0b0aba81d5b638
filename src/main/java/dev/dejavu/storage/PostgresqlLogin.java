package dev.dejavu.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.jdbc.autoconfigure.DataSourceProperties;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;

/**
 * Where PostgreSQL is, and who the service is there. A password in a file is read again
 * for each new connection, so it may be rotated.
 */
final class PostgresqlLogin implements JdbcConnectionDetails {

    static final String PASSWORD_FILE = "dejavu.database.password-file";

    private static final Logger log = LoggerFactory.getLogger(PostgresqlLogin.class);

    private final DataSourceProperties properties;

    private final @Nullable Path passwordFile;

    private volatile @Nullable String password;

    PostgresqlLogin(DataSourceProperties properties, @Nullable Path passwordFile) {
        this.properties = properties;
        this.passwordFile = passwordFile;
        this.password = properties.getPassword();
        if (passwordFile != null && !Files.isReadable(passwordFile)) {
            throw new InvalidConfigurationPropertyValueException(PASSWORD_FILE, passwordFile.toString(),
                    "must be a file that can be read");
        }
    }

    @Override
    public String getJdbcUrl() {
        return properties.determineUrl();
    }

    @Override
    public @Nullable String getUsername() {
        return properties.getUsername();
    }

    @Override
    public @Nullable String getPassword() {
        if (passwordFile != null) {
            try {
                password = Files.readString(passwordFile).strip();
            }
            catch (IOException ex) {
                // It is being replaced: the last one may still do.
                log.warn("{} cannot be read: {}", PASSWORD_FILE, ex.toString());
            }
        }
        return password;
    }

    /**
     * Connects outside of the pool.
     * @param properties for the driver
     */
    Connection connect(Properties properties) throws SQLException {
        return connect(this, properties);
    }

    /** Connects as {@link #connect(Properties)} does, as somebody else. */
    static Connection connect(JdbcConnectionDetails details, Properties properties) throws SQLException {
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

}
