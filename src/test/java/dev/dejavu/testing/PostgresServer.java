package dev.dejavu.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import static org.awaitility.Awaitility.await;

/**
 * A PostgreSQL of a test's own, which can be killed, frozen, copied to a standby, and
 * promoted.
 */
public final class PostgresServer implements Closeable {

    /** What a standby calls itself, for {@code synchronous_standby_names}. */
    private static final String STANDBY = "standby";

    private static final String BINARIES = "select setting from pg_config where name = 'BINDIR'";

    private final Path folder;

    private final int port;

    private @Nullable Process process;

    private PostgresServer(Path folder, int port) {
        this.folder = folder;
        this.port = port;
    }

    /** Starts an empty one. */
    public static PostgresServer start() {
        try {
            PostgresServer server = new PostgresServer(Files.createTempDirectory("postgres"), Loopback.freePort());
            run(List.of("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF-8", "--no-sync", "-D",
                    server.folder.toString()))
                .onExit()
                .join();
            server.restart();
            return server;
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Starts a standby that follows this one. */
    public PostgresServer startStandby() throws IOException, SQLException {
        return startStandby(Loopback.freePort());
    }

    /**
     * Starts a standby that follows this one, such as on the port of an earlier primary.
     */
    public PostgresServer startStandby(int standbyPort) throws IOException, SQLException {
        PostgresServer standby = new PostgresServer(Files.createTempDirectory("standby"), standbyPort);
        try (Connection connection = DriverManager.getConnection(url("postgres"));
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_backup_start('copy', true)");
            standby.copy(folder);
            try (ResultSet backup = statement.executeQuery("select labelfile from pg_backup_stop(false)")) {
                backup.next();
                Files.writeString(standby.folder.resolve("backup_label"), backup.getString(1));
            }
        }
        Files.writeString(standby.folder.resolve("standby.signal"), "");
        standby.restart("-c",
                "primary_conninfo=host=127.0.0.1 port=%d user=postgres application_name=%s".formatted(port, STANDBY));
        return standby;
    }

    private void copy(Path source) throws IOException {
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.skip(1).toList()) {
                Path target = folder.resolve(source.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectory(target);
                }
                else if (!file.getFileName().toString().startsWith("postmaster.") && Files.exists(file)) {
                    Files.copy(file, target);
                }
            }
        }
    }

    /** Acknowledges no write that the standby does not have. */
    public void requireStandby() {
        execute("alter system set synchronous_standby_names = '%s'".formatted(STANDBY));
        execute("select pg_reload_conf()");
        await().atMost(Duration.ofSeconds(30))
            .until(() -> query("select count(*) from pg_stat_replication where sync_state = 'sync'").equals("1"));
    }

    /** Starts it on the port that it had. */
    public void restart(String... settings) throws IOException {
        List<String> command = new ArrayList<>(List.of("postgres", "-D", folder.toString(), "-p", String.valueOf(port),
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c",
                "max_connections=100"));
        command.addAll(List.of(settings));
        process = run(command);
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> query("select 1").equals("1"));
    }

    /** PostgreSQL does not run as root of the machine: then as root of a namespace. */
    private static Process run(List<String> program) throws IOException {
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("unshare", "-U"));
        }
        command.add(query(Postgres.url(Postgres.port(), "postgres"), BINARIES) + "/" + program.getFirst());
        command.addAll(program.subList(1, program.size()));
        return new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    }

    public int port() {
        return port;
    }

    public String url(String database) {
        return Postgres.url(port, database);
    }

    /** Executes a statement, also on a server that is read-only by a setting. */
    public void execute(String sql) {
        try (Connection connection = DriverManager
            .getConnection(url("postgres") + "&options=-c%20default_transaction_read_only=off");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
        catch (SQLException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** The first column of the first row. */
    public String query(String sql) {
        return query(url("postgres"), sql);
    }

    static String query(String url, String sql) {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : "";
        }
        catch (SQLException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** Makes a standby the primary, and returns when it is. */
    public void promote() {
        execute("select pg_promote()");
    }

    /** As a power cut, for its clients: nobody says good-bye. */
    public void kill() {
        signal("KILL");
    }

    public void freeze() {
        signal("STOP");
    }

    public void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        if (process == null) {
            return;
        }
        // The shell's own kill, as a program of that name is not on every machine. The
        // postmaster comes first: it would start others in their place.
        List<String> command = new ArrayList<>(
                List.of("sh", "-c", "kill -" + name + " \"$@\"", "kill", String.valueOf(process.pid())));
        process.descendants().map((child) -> String.valueOf(child.pid())).forEach(command::add);
        try {
            new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .onExit()
                .join();
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        if (name.equals("KILL")) {
            process.onExit().join();
        }
    }

    /** The folder with its files, such as {@code pg_hba.conf}. */
    public Path folder() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList().reversed()) {
                Files.deleteIfExists(file);
            }
        }
    }

}
