package dev.dejavu.startup;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.ServiceProcess;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * How the service starts as a process, and how a start fails.
 */
class StartupTests {

    private static final String BUNDLE = "{\"hash_digest\":\"a\",\"remote_path\":\"s3://a/b\"}";

    private static final Pattern CLIENT_VARIABLE = Pattern.compile("DEJAVU_[A-Z_]+");

    /** A row of the page, but for maps and lists. */
    private static final Pattern SETTING = Pattern.compile("(?m)^\\| `(dejavu\\.[a-z.-]+)` \\|");

    @TempDir
    private Path folder;

    @Test
    void startLogsOneLine() throws Exception {
        Path home = folder.resolve("home");
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + home, "dejavu.image.ttl=12h",
                "dejavu.bundle.ttl=7")) {
            service.http();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output()).contains("Dejavu ", " listening on http://127.0.0.1:", "images for 12h",
                    "bundles for 7d", "SQLite at " + home + "/cache.db");
        }
    }

    @Test
    void startLineHasNoPassword() throws Exception {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase()) + "&password=secret";
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url)) {
            service.http();
            assertThat(service.output()).contains("PostgreSQL at 127.0.0.1:" + Postgres.port() + "/dejavu")
                .doesNotContain("secret");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|',
            textBlock = """
                    dejavu.image.ttl=0d              | dejavu.image.ttl must be from 1ms to 3650d
                    dejavu.bundle.ttl=soon           | dejavu.bundle.ttl must be a duration, as in 30d
                    dejavu.pruning.probability=5     | dejavu.pruning.probability must be from 0 to 1
                    dejavu.pruning.batch-size=many   | dejavu.pruning.batch-size must be a number
                    server.address=[x                | server.address must be an address
                    dejavu.accept-local=perhaps      | dejavu.accept-local must be true or false
                    dejavu.scopes.allowed=localhost  | dejavu.scopes.allowed must not name what only one machine can reach, but is 'localhost'
                    dejavu.scopes.allowed=a*b*c*d*e*f| dejavu.scopes.allowed must be an endpoint or a scope, as in https
                    dejavu.webhooks.w.format=hub     | dejavu.webhooks.w.format must be one of distribution, gitlab, harbor, zot, acr, event-grid, gar
                    dejavu.webhooks.w.secret=short   | dejavu.webhooks.w.format must be one of distribution, gitlab
                    spring.datasource.url=jdbc:x:y?password=secret | spring.datasource.url must be jdbc:sqlite:<file> or jdbc:postgresql:
                    server.forward-headers-strategy=framework | server.forward-headers-strategy must be none or native
                    dejavu.access.mode=closed        | dejavu.access.mode must be one of open, tokens
                    dejavu.access.admin-token=secret | dejavu.access.admin-token is no setting ("dejavu.access.admin-token" from
                    dejavu.access.oidc[0].isuer=secret | dejavu.access.oidc[0].isuer is no setting
                    dejavu.webhooks.w.signd=secret   | dejavu.webhooks.w.signd is no setting
                    dejavu.tll=secret                | dejavu.tll is no setting ("dejavu.tll" from property source "commandLineArgs").
                    dejavu.image.ttl.days=secret     | dejavu.image.ttl.days is no setting
                    dejavu.nearCache.maxSise=secret  | dejavu.nearcache.maxsise is no setting
                    dejavu.hame=secret               | Did you mean dejavu.home?
                    management.endpoints.web.base-path=/manage | management.endpoints.web.base-path must be /actuator
                    server.tomcat.max-connections=x  | server.tomcat.max-connections must be a number
                    """)
    void invalidSettingAbortsTheStartAndIsNamed(String setting, String line) throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder, setting)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output()).contains(line).doesNotContain("secret");
        }
    }

    @Test
    void unknownSettingOfAFileOrASystemPropertyAbortsTheStartAndIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("application.yml"),
                "dejavu:\n  near-cache:\n    stale-if-eror: secret\n");
        try (ServiceProcess service = ServiceProcess.start(List.of("-Ddejavu.tll=secret"))) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("dejavu.tll is no setting", "\"systemProperties\"")
                .doesNotContain("secret");
        }
        try (ServiceProcess service = ServiceProcess.start("spring.config.additional-location=" + folder + "/")) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output())
                .contains("dejavu.near-cache.stale-if-eror is no setting", file.toString(), "3:20",
                        "Did you mean dejavu.near-cache.stale-if-error?")
                .doesNotContain("secret");
        }
    }

    @Test
    void unknownSettingsAreAllNamedInOneLine() throws Exception {
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder, "dejavu.tll=secret",
                "dejavu.hame=secret")) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output().lines()).hasSize(1);
            assertThat(service.output())
                .contains("dejavu.hame is no setting", "Did you mean dejavu.home?", "dejavu.tll is no setting")
                .doesNotContain("secret");
        }
    }

    @Test
    void emptySectionOfAFileIsNoUnknownSetting() throws Exception {
        Files.writeString(folder.resolve("application.yml"),
                "dejavu:\n  image:\n  access: {}\n  console:\n  webhooks:\n  bundle:\n    # ttl: 7d\n");
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder,
                "spring.config.additional-location=" + folder + "/")) {
            service.http();
            assertThat(service.output().lines()).hasSize(1);
        }
    }

    @Test
    void unknownSettingsInTheEnvironmentAreLoggedInOneLineAndNotThoseOfOthers() throws Exception {
        Map<String, String> variables = new HashMap<>(Map.of("DEJAVU_HOME", folder.toString(), "DEJAVU_IMAGE_TTL",
                "12h", "DEJAVU_NEAR_CACHE_MAX_SIZE", "10MB", "DEJAVU_NEARCACHE_STALEIFERROR", "1m",
                "DEJAVU_SCOPES_ALLOWED_0", "https://flyte.example.com", "DEJAVU_SERVICE_HOST", "secret",
                "DEJAVU_PORT_8080_TCP_ADDR", "secret", "DEJAVU_DATABASE_SERVICE_PORT_SQL", "secret"));
        CLIENT_VARIABLE.matcher(Files.readString(Path.of("clients/flyte/README.md")))
            .results()
            .forEach((variable) -> variables.putIfAbsent(variable.group(), ""));
        assertThat(variables).containsKeys("DEJAVU_URL", "DEJAVU_TOKEN");
        try (ServiceProcess service = ServiceProcess.start(variables, List.of())) {
            service.http();
            assertThat(service.output().lines()).hasSize(1);
        }
        variables.put("DEJAVU_NEARCACHE_MAXENTRY", "secret");
        variables.put("DEJAVU_ADMIN_TOKN", "secret");
        try (ServiceProcess service = ServiceProcess.start(variables, List.of())) {
            service.http();
            assertThat(service.output().lines()).hasSize(2);
            assertThat(service.output())
                .contains("WARN",
                        "Environment variables that are no settings: DEJAVU_ADMIN_TOKN, DEJAVU_NEARCACHE_MAXENTRY")
                .doesNotContain("secret");
        }
    }

    @Test
    void everySettingOfThePageIsKnown() throws Exception {
        List<String> names = SETTING.matcher(Files.readString(Path.of("docs/configuration.md")))
            .results()
            .map((row) -> row.group(1))
            .toList();
        assertThat(names).hasSizeGreaterThan(40).allSatisfy((name) -> {
            assertThat(UnknownSettings.nearest(name)).isEqualTo(name);
        });
    }

    @Test
    void unwritableHomeAbortsTheStartAndIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + file)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("dejavu.home must be a place where this user may write")
                .doesNotContain("\tat ");
        }
    }

    @Test
    void wrongLoginAbortsTheStartAndIsNamed() throws Exception {
        String url = "jdbc:postgresql://127.0.0.1:%d/postgres?password=secret".formatted(Postgres.port());
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url,
                "spring.datasource.username=nobody", "spring.datasource.password=secret")) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("spring.datasource.username must be a user that PostgreSQL lets in")
                .doesNotContain("secret", "\tat ");
        }
    }

    @Test
    void unknownDatabaseAbortsTheStartAndIsNamed() throws Exception {
        String url = Postgres.url(Postgres.port(), "nowhere") + "&password=secret";
        try (ServiceProcess service = ServiceProcess.start("spring.datasource.url=" + url)) {
            assertThat(service.exitCode()).isNotZero();
            assertThat(service.output()).contains("spring.datasource.url must name a database that exists", "/nowhere")
                .doesNotContain("secret", "\tat ");
        }
    }

    @Test
    void secondServiceOnTheSameFileIsRejected() throws Exception {
        try (ServiceProcess first = ServiceProcess.start("dejavu.home=" + folder)) {
            first.http();
            try (ServiceProcess second = ServiceProcess.start("dejavu.home=" + folder)) {
                assertThat(second.exitCode()).isNotZero();
                assertThat(second.output()).contains("another Dejavu uses it");
            }
        }
    }

    @Test
    void damagedFileIsMovedAsideAndLogged() throws Exception {
        Files.writeString(folder.resolve("cache.db"), "no database ".repeat(1000));
        try (ServiceProcess service = ServiceProcess.start("dejavu.home=" + folder)) {
            assertThat(service.http().get("/images").statusCode()).isEqualTo(200);
            assertThat(service.output()).contains("is damaged", "moved to " + folder.resolve("cache.db.damaged-"));
        }
    }

    @Test
    void damageFoundLaterIs503AndMovedAsideByTheNextStart() throws Exception {
        String home = "dejavu.home=" + folder;
        String path = "/images/" + Keys.next();
        try (ServiceProcess service = ServiceProcess.start(home)) {
            assertThat(service.http().put(path, "{\"image_uri\":\"ghcr.io/acme/a:v1\"}").statusCode()).isEqualTo(201);
            service.terminate();
            service.exitCode();
        }
        try (ServiceProcess service = ServiceProcess.start(home)) {
            Http http = service.http();
            try (FileChannel file = FileChannel.open(folder.resolve("cache.db"), StandardOpenOption.WRITE)) {
                int schema = 4096;
                file.write(ByteBuffer.wrap(new byte[(int) file.size() - schema]), schema);
            }
            assertProblem(http.get(path), 503, "storage-unavailable");
            assertProblem(http.put("/bundles/" + Keys.next(), BUNDLE), 503, "storage-unavailable");
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(503);
            service.terminate();
            service.exitCode();
        }
        try (ServiceProcess service = ServiceProcess.start(home)) {
            assertThat(service.http().get(path).statusCode()).isEqualTo(404);
            assertThat(service.http().get("/actuator/health/liveness").statusCode()).isEqualTo(200);
            assertThat(service.output()).contains("moved to " + folder.resolve("cache.db.damaged-"));
        }
    }

    @Test
    void fileThatIsDeletedWhileInUseIs503AndANewOneIsCreatedByTheNextStart() throws Exception {
        String home = "dejavu.home=" + folder;
        String path = "/bundles/" + Keys.next();
        try (ServiceProcess service = ServiceProcess.start(home)) {
            Http http = service.http();
            assertThat(http.put(path, BUNDLE).statusCode()).isEqualTo(201);
            Files.delete(folder.resolve("cache.db"));
            assertProblem(http.put("/bundles/" + Keys.next(), BUNDLE), 503, "storage-unavailable");
            assertThat(http.get("/actuator/health/liveness").statusCode()).isEqualTo(503);
            assertThat(service.output()).contains("was replaced or deleted while it was in use");
            service.kill();
        }
        try (ServiceProcess service = ServiceProcess.start(home)) {
            assertThat(service.http().put(path, BUNDLE).statusCode()).isEqualTo(201);
            assertThat(service.http().get("/actuator/health/liveness").statusCode()).isEqualTo(200);
        }
    }

}
