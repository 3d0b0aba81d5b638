package dev.dejavu.startup;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.ServiceProcess;

import static java.net.http.HttpRequest.BodyPublishers.ofString;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The backup of {@code docs/operations.md}.
 */
class BackupTests {

    private static final String[] ADMIN = { "Authorization", "Bearer an-administrator-of-the-tests", "Content-Type",
            "application/json" };

    private static final Pattern COMMAND = Pattern.compile("sqlite3 ~/\\.dejavu/cache\\.db \"(vacuum into '[^']+')\"");

    @TempDir
    private Path folder;

    @Test
    void copyThatSqliteMakesOfARunningServiceHasEntriesAndTokens() throws Exception {
        Path restored = Files.createDirectory(folder.resolve("restored"));
        String path = "/images/" + Keys.next();
        String secret;
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder.resolve("home"),
                "dejavu.access.mode=tokens", "dejavu.admin-token=an-administrator-of-the-tests")) {
            Http http = service.http();
            assertThat(http.send("PUT", path, ofString("{\"image_uri\":\"ghcr.io/acme/a:v1\"}"), ADMIN).statusCode())
                .isEqualTo(201);
            HttpResponse<String> token = http.send("POST", "/tokens", ofString("{\"name\":\"ada\",\"role\":\"read\"}"),
                    ADMIN);
            secret = Http.json(token).path("secret").asString();
            Path file = folder.resolve("home/cache.db");
            assertThat(images(Files.copy(file, folder.resolve("plain-copy.db")))).isZero();
            execute(file, command().replace("cache-backup.db", restored.resolve("cache.db").toString()));
            assertThat(images(restored.resolve("cache.db"))).isEqualTo(1);
        }
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + restored, "dejavu.access.mode=tokens")) {
            assertThat(service.http().get(path, "Authorization", "Bearer " + secret).statusCode()).isEqualTo(200);
        }
    }

    private static String command() throws Exception {
        Matcher command = COMMAND.matcher(Files.readString(Path.of("docs/operations.md")));
        assertThat(command.find()).isTrue();
        return command.group(1);
    }

    private static void execute(Path file, String sql) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** How many there are; none also without the table. */
    private static int images(Path file) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement();
                ResultSet tables = statement
                    .executeQuery("select count(*) from sqlite_master where name = 'image_cache'")) {
            if (tables.getInt(1) == 0) {
                return 0;
            }
            try (ResultSet rows = statement.executeQuery("select count(*) from image_cache")) {
                return rows.getInt(1);
            }
        }
    }

}
