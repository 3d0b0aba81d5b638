package dev.dejavu.console;

import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Chromium;
import dev.dejavu.testing.Http;
import dev.dejavu.testing.RequiresBrowser;
import dev.dejavu.testing.Sample;
import dev.dejavu.testing.WithSqlite;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

@RequiresBrowser
@WithSqlite
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=" + ConsoleBrowserTests.ADMIN,
        "dejavu.webhooks.zot.format=zot", "dejavu.webhooks.zot.registry=registry.example.com",
        "dejavu.webhooks.zot.secret=" + ConsoleBrowserTests.ADMIN })
class ConsoleBrowserTests {

    static final String ADMIN = "an-administrator-of-the-tests";

    private final Sample image = Sample.image();

    private final Sample bundle = Sample.bundle();

    /** What no page may cause: errors on the console, and requests to elsewhere. */
    private final List<String> complaints = new ArrayList<>();

    private Chromium chromium;

    private Page page;

    private String url = "";

    @BeforeAll
    void launch(@LocalServerPort int port) {
        chromium = Chromium.launch();
        url = "http://127.0.0.1:" + port;
        for (Sample entry : List.of(image, bundle)) {
            assertThat(new Http(port)
                .send("PUT", entry.path(), BodyPublishers.ofString(entry.body()), "Authorization", "Bearer " + ADMIN,
                        "Content-Type", "application/json")
                .statusCode()).isEqualTo(201);
        }
    }

    @BeforeEach
    void open() {
        page = page(new Browser.NewContextOptions());
    }

    private Page page(Browser.NewContextOptions options) {
        BrowserContext context = chromium.browser().newContext(options);
        context.setDefaultTimeout(60_000);
        Page opened = context.newPage();
        opened.onConsoleMessage((message) -> {
            // An answer of 401 or 404 is told on the console too.
            if (List.of("error", "warning").contains(message.type()) && !message.text().contains("Failed to load")) {
                complaints.add(message.text());
            }
        });
        opened.onPageError((error) -> complaints.add(error));
        opened.onRequest((request) -> {
            if (!request.url().startsWith(url + "/") && !request.url().startsWith("data:")) {
                complaints.add(request.url());
            }
        });
        return opened;
    }

    @AfterEach
    void assertNoComplaints() {
        assertThat(complaints).isEmpty();
        complaints.clear();
        page.context().close();
    }

    @AfterAll
    void close() {
        chromium.close();
    }

    private void signIn() {
        page.navigate(url + "/");
        page.getByLabel("Token").fill(ADMIN);
        page.keyboard().press("Enter");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Overview");
    }

    private void click(AriaRole role, String name) {
        page.getByRole(role, new Page.GetByRoleOptions().setName(name)).first().click();
    }

    @ParameterizedTest
    @CsvSource({ "LIGHT, 1280", "DARK, 1280", "LIGHT, 360", "DARK, 360" })
    void everyPageIsAccessible(ColorScheme scheme, int width) {
        page.context().close();
        page = page(new Browser.NewContextOptions().setColorScheme(scheme).setViewportSize(width, 800));
        assertAccessible("/console/sign-in");
        signIn();
        for (String path : List.of("/console", "/console/images", "/console/images?q=nothing", "/console/bundles",
                "/console" + image.path(), "/console" + image.path() + "/forget", "/console" + bundle.path(),
                "/console/webhooks", "/console/tokens", "/console/explain",
                "/console/explain?uri=ghcr.io/acme/my-app:none&scope=" + Sample.SCOPE,
                "/console/images/" + "0".repeat(64))) {
            assertAccessible(path);
        }
        click(AriaRole.LINK, "Overview");
        page.navigate(url + "/console/tokens");
        page.navigate(url + page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Revoke"))
            .first()
            .getAttribute("href"));
        assertAccessible(page.url().substring(url.length()));
    }

    private void assertAccessible(String path) {
        page.navigate(url + path);
        assertThat(new AxeBuilder(page).analyze().getViolations()).as(path).isEmpty();
        assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth")).as(path + " is too wide")
            .isEqualTo(true);
    }

    @Test
    void token_isMadeAndRevoked() {
        signIn();
        click(AriaRole.LINK, "Tokens");
        page.getByLabel("Name").fill("ada-of-the-browser");
        click(AriaRole.BUTTON, "Make it");
        assertThat(page.locator("#secret")).containsText("djv_");
        click(AriaRole.BUTTON, "Copy");
        click(AriaRole.LINK, "Revoke ada-of-the-browser");
        click(AriaRole.BUTTON, "Revoke it");
        assertThat(page.getByText("ada-of-the-browser")).hasCount(0);
    }

    @Test
    void entry_isSearchedAndForgotten() {
        Sample other = Sample.image();
        new Http(Integer.parseInt(url.substring(url.lastIndexOf(':') + 1))).send("PUT", other.path(),
                BodyPublishers.ofString(other.body()), "Authorization", "Bearer " + ADMIN, "Content-Type",
                "application/json");
        signIn();
        click(AriaRole.LINK, "Images");
        page.getByLabel("Search").fill(other.value());
        page.keyboard().press("Enter");
        assertThat(page.getByText("Found as URI.")).isVisible();
        assertThat(page.locator("tbody tr")).hasCount(1);
        click(AriaRole.LINK, other.value());
        click(AriaRole.LINK, "Forget…");
        click(AriaRole.BUTTON, "Forget it");
        assertThat(page.getByText("The entry was forgotten.")).isVisible();
        assertThat(page.getByText(other.value())).hasCount(0);
    }

    @Test
    void everythingWorksByKeyboard() {
        page.navigate(url + "/console/sign-in");
        page.keyboard().type(ADMIN);
        page.keyboard().press("Enter");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Overview");
        page.keyboard().press("Tab");
        assertThat(page.locator(":focus")).hasText("Skip to the content");
        page.keyboard().press("Enter");
        assertThat(page.locator("main")).isFocused();
        page.navigate(url + "/console" + image.path());
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Check now")).focus();
        page.keyboard().press("Enter");
        assertThat(page.locator(".done")).isVisible();
    }

    @Test
    void miss_isExplainedByTheNearestEntry() {
        signIn();
        click(AriaRole.LINK, "Explain");
        page.getByLabel("Image URI").fill(image.value() + "x");
        page.getByLabel("Scope").fill(Sample.SCOPE);
        page.keyboard().press("Enter");
        assertThat(page.locator(".state.unknown")).isVisible();
        assertThat(page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName(image.value()).setExact(true)))
            .isVisible();
    }

    @Test
    void signOut_endsTheSession() {
        signIn();
        click(AriaRole.BUTTON, "Sign out");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Sign in");
        page.navigate(url + "/console/tokens");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Sign in");
    }

    @Test
    void wrongToken_isTold() {
        page.navigate(url + "/console/sign-in");
        page.getByLabel("Token").fill("wrong");
        page.keyboard().press("Enter");
        assertThat(page.getByText("This token is wrong, revoked or expired.")).isVisible();
    }

}
