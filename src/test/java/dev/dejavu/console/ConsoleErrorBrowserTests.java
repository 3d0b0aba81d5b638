package dev.dejavu.console;

import java.nio.file.Path;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.testing.Accessibility;
import dev.dejavu.testing.Chromium;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.RequiresBrowser;
import dev.dejavu.testing.TcpProxy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Pages of a service that is broken, or whose database is away.
 */
@RequiresBrowser
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsoleErrorBrowserTests {

    private Chromium chromium;

    private TcpProxy proxy;

    private ConfigurableApplicationContext away;

    private ConfigurableApplicationContext broken;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        chromium = Chromium.launch();
        proxy = new TcpProxy(Postgres.port());
        proxy.mend();
        away = ConsoleErrorTests.start(Postgres.url(proxy.port(), Postgres.newDatabase()));
        proxy.cut();
        broken = ConsoleErrorTests.start("jdbc:sqlite:" + home.resolve("cache.db"),
                "--spring.thymeleaf.prefix=classpath:/none/");
    }

    @AfterAll
    void close() throws Exception {
        chromium.close();
        away.close();
        broken.close();
        proxy.close();
    }

    @ParameterizedTest
    @CsvSource({ "LIGHT, 1280", "DARK, 1280", "LIGHT, 360", "DARK, 360" })
    void pageIsAccessible(ColorScheme scheme, int width) {
        Browser.NewContextOptions look = new Browser.NewContextOptions().setColorScheme(scheme)
            .setViewportSize(width, 800);
        try (BrowserContext context = chromium.browser().newContext(look)) {
            Page page = context.newPage();
            assertAccessible(page, away, 503);
            assertAccessible(page, broken, 500);
        }
    }

    private static void assertAccessible(Page page, ConfigurableApplicationContext service, int status) {
        assertThat(page.navigate("http://127.0.0.1:" + Http.of(service).port() + "/console").status())
            .isEqualTo(status);
        Accessibility.assertAccessible(page);
    }

}
