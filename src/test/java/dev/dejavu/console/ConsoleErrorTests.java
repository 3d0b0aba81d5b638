package dev.dejavu.console;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

import dev.dejavu.DejavuApplication;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.SavedDays;
import dev.dejavu.testing.TcpProxy;

import static dev.dejavu.testing.Http.header;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whatever goes wrong in the console is a page.
 */
class ConsoleErrorTests {

    private static final String AWAY = "The database does not answer";

    private static final String ADMIN = "an-administrator-of-the-tests";

    @TempDir
    Path home = Path.of("");

    @Test
    void databaseAwayIsANotice() throws IOException {
        String database = Postgres.newDatabase();
        try (TcpProxy proxy = new TcpProxy(Postgres.port())) {
            proxy.mend();
            try (ConfigurableApplicationContext open = start(Postgres.url(proxy.port(), database));
                    ConfigurableApplicationContext closed = start(Postgres.url(proxy.port(), Postgres.newDatabase()),
                            "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN)) {
                assertThat(page(open, "/console").statusCode()).isEqualTo(200);
                proxy.cut();
                for (String path : new String[] { "", "/images", "/bundles?q=abc",
                        "/bundles/0123456789abcdef0123456789abcdef", "/explain?uri=ghcr.io/acme/a:v1&scope=s" }) {
                    assertNotice(page(open, "/console" + path), 503, AWAY);
                }
                assertNotice(page(closed, "/console/images", "Cookie", "dejavu-session=ZGp2X3dyb25n"), 503, AWAY);
                assertThat(page(open, "/console/webhooks").statusCode()).isEqualTo(200);
            }
        }
    }

    @Test
    void issuerAwayIsANoticeAboutTheIssuer() {
        try (Issuer issuer = new Issuer();
                ConfigurableApplicationContext service = start("jdbc:sqlite:" + home.resolve("cache.db"),
                        "--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                        "--dejavu.access.oidc[0].issuer=" + issuer.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                        "--dejavu.access.oidc[0].rules[0].role=read",
                        "--dejavu.access.oidc[0].rules[0].claims=sub=*")) {
            issuer.setUnavailable(true);
            String token = issuer.token("dejavu", Map.of("sub", "ada"));
            HttpResponse<String> page = page(service, "/console/images", "Cookie", "dejavu-session=" + token);
            assertNotice(page, 503, "Issuer unavailable");
            assertThat(page.body()).doesNotContain("database");
        }
    }

    @Test
    void savingsThatTakeTooLongAreLeftOutOfTheOverview() throws SQLException {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        try (ConfigurableApplicationContext service = start(url);
                Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            Sample image = Sample.image();
            assertThat(Http.of(service).put(image.path(), image.body()).statusCode()).isEqualTo(201);
            new SavedDays(service.getBean("writer", JdbcClient.class)).add(Instant.now().minus(Duration.ofDays(1)),
                    "ghcr.io/acme/app", 1, 0, 0, 1);
            statement.execute("alter table savings rename to sums");
            statement.execute("create view savings as select * from sums where pg_sleep(5) is not null");
            HttpResponse<String> page = page(service, "/console");
            assertThat(page.statusCode()).isEqualTo(200);
            assertThat(page.body()).contains("takes too long to sum now", "Caches").doesNotContain("Hit ratio by day");
        }
    }

    @Test
    void unknownPathAndWrongMethodArePages() {
        try (ConfigurableApplicationContext service = start("jdbc:sqlite:" + home.resolve("cache.db"))) {
            for (String path : new String[] { "/none", "/none/such.html", "/images/a/b", "/console.png" }) {
                HttpResponse<String> missing = page(service, "/console" + path);
                assertNotice(missing, 404, "Nothing here");
                assertThat(missing.body()).contains("/console/console.css", ">Images</a>");
                assertThat(header(missing, "Content-Security-Policy")).contains("default-src 'none'");
            }
            Sample image = Sample.image();
            Http.of(service).put(image.path(), image.body());
            HttpResponse<String> form = page(service, "/console" + image.path() + "/forget");
            String token = form.body().replaceFirst("(?s).*name=\"_csrf\"[^>]*value=\"([^\"]+)\".*", "$1");
            String cookie = form.headers().firstValue("Set-Cookie").orElseThrow().replaceFirst(";.*", "");
            HttpResponse<String> posted = Http.of(service)
                .send("POST", "/console/images", BodyPublishers.ofString("_csrf=" + token), "Content-Type",
                        "application/x-www-form-urlencoded", "Cookie", cookie, "Accept", "text/html");
            assertNotice(posted, 405, "Not understood");
            assertThat(header(posted, "Allow")).contains("GET");
            assertThat(header(Http.of(service).get("/images/none/such", "Accept", "text/html"), "Content-Type"))
                .isEqualTo("application/problem+json");
        }
    }

    @Test
    void failureOfATemplateIsAPage() {
        try (ConfigurableApplicationContext service = start("jdbc:sqlite:" + home.resolve("cache.db"),
                "--spring.thymeleaf.prefix=classpath:/none/")) {
            for (String path : new String[] { "/console", "/console/none" }) {
                assertNotice(page(service, path), 500, "Something is wrong in the service");
            }
        }
    }

    /** A service of its own. */
    static ConfigurableApplicationContext start(String url, String... settings) {
        SpringApplication application = new SpringApplication(DejavuApplication.class);
        String[] all = new String[settings.length + 3];
        all[0] = "--server.port=0";
        all[1] = "--dejavu.registry.allowed=";
        all[2] = "--spring.datasource.url=" + url;
        System.arraycopy(settings, 0, all, 3, settings.length);
        return application.run(all);
    }

    private static HttpResponse<String> page(ConfigurableApplicationContext service, String path, String... headers) {
        String[] all = new String[headers.length + 2];
        all[0] = "Accept";
        all[1] = "text/html";
        System.arraycopy(headers, 0, all, 2, headers.length);
        return Http.of(service).get(path, all);
    }

    private static void assertNotice(HttpResponse<String> page, int status, String title) {
        assertThat(page.statusCode()).as(page.body()).isEqualTo(status);
        assertThat(header(page, "Content-Type")).startsWith("text/html");
        assertThat(page.body()).contains("<h1>" + title + "</h1>")
            .doesNotContain("Exception", "springframework", "java.");
    }

}
