package dev.dejavu.testing;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.Page;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * That everybody can use a page.
 */
public final class Accessibility {

    private Accessibility() {
    }

    /** Asserts it of a page as it is shown now. */
    public static void assertAccessible(Page page) {
        assertThat(new AxeBuilder(page).analyze().getViolations()).as(page.url()).isEmpty();
        assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
            .as(page.url() + " fits into the window")
            .isEqualTo(true);
    }

}
