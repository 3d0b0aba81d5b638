package dev.dejavu.testing;

import java.io.File;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests in a real browser, Debian's Chromium or Chrome. On a machine without it they are
 * skipped with one line on the console; under CI they fail. The tag {@code browser}
 * selects them.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("browser")
@ExtendWith(RequiresBrowser.Installed.class)
public @interface RequiresBrowser {

    /**
     * Is evaluated before the class starts anything.
     */
    class Installed implements ExecutionCondition {

        private static final String MISSING = "NOT TESTED in a real browser: apt-get install chromium";

        private static final Optional<Path> BROWSER = Stream.of("chromium", "chromium-browser", "google-chrome")
            .flatMap((name) -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map((folder) -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst();

        /** The program. */
        public static Path browser() {
            return BROWSER.orElseThrow();
        }

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (BROWSER.isPresent()) {
                return ConditionEvaluationResult.enabled("A browser is installed");
            }
            if ("true".equals(System.getenv("CI"))) {
                throw new IllegalStateException(MISSING);
            }
            System.err.println(MISSING);
            return ConditionEvaluationResult.disabled(MISSING);
        }

    }

}
