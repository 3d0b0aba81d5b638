package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

/**
 * A real PostgreSQL on this machine, without Docker: one server for all tests, and as
 * many databases as they need. The tests fail where it cannot start.
 */
public final class Postgres {

    private static final AtomicInteger count = new AtomicInteger();

    private Postgres() {
    }

    /**
     * Creates an empty database.
     * @return its name
     */
    public static String newDatabase() {
        String name = "dejavu" + count.incrementAndGet();
        try (Connection connection = Server.instance.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create database " + name);
        }
        catch (SQLException ex) {
            throw new IllegalStateException(ex);
        }
        return name;
    }

    public static int port() {
        return Server.instance.getPort();
    }

    public static String url(int port, String database) {
        return "jdbc:postgresql://127.0.0.1:%d/%s?user=postgres".formatted(port, database);
    }

    private static final class Server {

        private static final EmbeddedPostgres instance = start();

        private static EmbeddedPostgres start() {
            try {
                return EmbeddedPostgres.builder().setServerConfig("max_connections", "300").start();
            }
            catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }

    }

}
