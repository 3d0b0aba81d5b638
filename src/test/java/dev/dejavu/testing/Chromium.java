package dev.dejavu.testing;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Playwright;

/**
 * A browser of its own, without a window, for tests that {@link RequiresBrowser}.
 */
public record Chromium(Playwright playwright, Browser browser) implements AutoCloseable {

    private static final List<String> ARGUMENTS = List.of("--no-sandbox", "--disable-gpu",
            "--disable-background-networking", "--no-first-run");

    /** Starts one, with more arguments. */
    public static Chromium launch(String... arguments) {
        Playwright playwright = Playwright
            .create(new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        return new Chromium(playwright,
                playwright.chromium()
                    .launch(new BrowserType.LaunchOptions().setExecutablePath(RequiresBrowser.Installed.browser())
                        .setArgs(Stream.concat(ARGUMENTS.stream(), Stream.of(arguments)).toList())));
    }

    @Override
    public void close() {
        playwright.close();
    }

}
