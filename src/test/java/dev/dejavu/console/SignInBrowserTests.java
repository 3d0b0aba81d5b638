package dev.dejavu.console;

import java.util.List;
import java.util.Map;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.Cookie;
import com.microsoft.playwright.options.SameSiteAttribute;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import dev.dejavu.testing.Accessibility;
import dev.dejavu.testing.Chromium;
import dev.dejavu.testing.LoginProvider;
import dev.dejavu.testing.RequiresBrowser;
import dev.dejavu.testing.WithSqlite;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * A browser that a provider on another site leads back.
 */
@RequiresBrowser
@WithSqlite
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestPropertySource(properties = { "dejavu.access.mode=tokens", "dejavu.admin-token=an-administrator-of-the-tests" })
class SignInBrowserTests {

    private static final LoginProvider provider = new LoginProvider();

    private Chromium chromium;

    private Page page;

    private String url = "";

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry settings) {
        settings.add("dejavu.console.oidc.issuer", provider::uri);
        settings.add("dejavu.console.oidc.client-id", () -> LoginProvider.CLIENT);
        settings.add("dejavu.console.oidc.client-secret", () -> LoginProvider.SECRET);
        settings.add("dejavu.access.oidc[0].issuer", provider::uri);
        settings.add("dejavu.access.oidc[0].audience", () -> LoginProvider.CLIENT);
        settings.add("dejavu.access.oidc[0].rules[0].role", () -> "admin");
        settings.add("dejavu.access.oidc[0].rules[0].claims", () -> "groups=platform");
    }

    @BeforeAll
    void launch(@LocalServerPort int port) {
        chromium = Chromium.launch();
        url = "http://127.0.0.1:" + port;
    }

    @BeforeEach
    void open() {
        provider.reset();
        provider.setPerson(Map.of("sub", "1000", "email", "ada@example.com", "groups", List.of("platform")));
        page = chromium.browser().newContext(new Browser.NewContextOptions().setViewportSize(360, 800)).newPage();
        page.setDefaultTimeout(60_000);
    }

    @AfterAll
    void close() {
        chromium.close();
        provider.close();
    }

    @Test
    void person_isLedBackSignedInToThePageThatWasAskedFor() {
        page.navigate(url + "/console/tokens");
        Accessibility.assertAccessible(page);
        click(AriaRole.LINK, "Sign in with localhost");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Tokens");
        assertThat(page.url()).isEqualTo(url + "/console/tokens");
        assertThat(page.locator(".who")).containsText("admin");
        List<Cookie> cookies = page.context().cookies(url + "/console/sign-in/oidc");
        assertThat(cookies.stream().map((cookie) -> cookie.name)).contains("dejavu-session")
            .doesNotContain("dejavu-sign-in");
        assertThat(cookies).filteredOn((cookie) -> cookie.name.equals("dejavu-session"))
            .allMatch((cookie) -> cookie.sameSite == SameSiteAttribute.STRICT && cookie.httpOnly);
        click(AriaRole.BUTTON, "Sign out");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Sign in");
        page.navigate(url + "/console/tokens");
        assertThat(page.getByRole(AriaRole.HEADING).first()).hasText("Sign in");
    }

    @Test
    void refusal_isToldOnAnAccessiblePage() {
        provider.setError("access_denied");
        page.navigate(url + "/console");
        click(AriaRole.LINK, "Sign in with localhost");
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("access_denied");
        Accessibility.assertAccessible(page);
        provider.reset();
        provider.setPerson(Map.of("sub", "2000", "email", "eve@example.org"));
        click(AriaRole.LINK, "Sign in with localhost");
        assertThat(page.getByRole(AriaRole.ALERT)).containsText("eve@example.org");
    }

    private void click(AriaRole role, String name) {
        page.getByRole(role, new Page.GetByRoleOptions().setName(name)).first().click();
    }

}
