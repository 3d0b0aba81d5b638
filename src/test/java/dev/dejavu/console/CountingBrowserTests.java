package dev.dejavu.console;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import org.junit.jupiter.api.Test;
import org.springframework.context.ConfigurableApplicationContext;

import dev.dejavu.testing.Chromium;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.Postgres;
import dev.dejavu.testing.RequiresBrowser;
import dev.dejavu.testing.Sample;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * The overview beside a table whose entries cannot be counted at once.
 */
@RequiresBrowser
class CountingBrowserTests {

    private static final double PATIENCE = 60_000;

    @Test
    void overview_asksForItsCountsUntilTheyAreThere() throws Exception {
        String url = Postgres.url(Postgres.port(), Postgres.newDatabase());
        try (ConfigurableApplicationContext service = ConsoleErrorTests.start(url);
                Chromium chromium = Chromium.launch();
                Connection lock = DriverManager.getConnection(url);
                Statement statement = lock.createStatement()) {
            Sample image = Sample.image();
            assertThat(Http.of(service).put(image.path(), image.body()).statusCode()).isEqualTo(201);
            lock.setAutoCommit(false);
            statement.execute("lock table image_cache in access exclusive mode");
            Page page = chromium.browser().newPage();
            page.navigate("http://127.0.0.1:" + Http.of(service).port() + "/console");
            assertThat(page.locator("#counts tr").nth(1).locator("td").first()).hasText("counting…");
            lock.rollback();
            assertThat(page.locator("#counts tr").nth(1).locator("td").first()).hasText("1",
                    new LocatorAssertions.HasTextOptions().setTimeout(PATIENCE));
            assertThat(page.locator("#counts[hx-get]")).hasCount(0,
                    new LocatorAssertions.HasCountOptions().setTimeout(PATIENCE));
        }
    }

}
