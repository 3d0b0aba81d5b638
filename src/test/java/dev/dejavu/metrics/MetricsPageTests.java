package dev.dejavu.metrics;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Scrape;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Compares the table of metrics in {@code docs/operations.md} with the code, with a
 * scrape and with the example of alerts.
 */
@WithSqlite
class MetricsPageTests {

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(dejavu_[a-z_]+)` \\|");

    private static final Pattern NAME = Pattern.compile("\"(dejavu\\.[a-z.]+[a-z])\"");

    private static final Pattern SERIES = Pattern.compile("\\b(dejavu_[a-z_]+)");

    private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (dejavu_[a-z_]+) ");

    private static final String UNIT = "_(total|seconds|bytes|writes)$";

    @Test
    void pageHasEveryMetricOfTheCodeAndNoOther() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
            Set<String> names = new TreeSet<>();
            for (Path file : files.filter((path) -> path.toString().endsWith(".java")).toList()) {
                String code = Files.readString(file);
                if (code.contains("import io.micrometer.core")) {
                    NAME.matcher(code).results().forEach((name) -> names.add(name.group(1).replace('.', '_')));
                }
            }
            assertThat(page().stream().map((name) -> name.replaceFirst(UNIT, "")))
                .containsExactlyInAnyOrderElementsOf(names);
        }
    }

    @Test
    void scrapeHasTheNamesOfThePage(@LocalServerPort int port) throws IOException {
        List<String> names = TYPE.matcher(Scrape.of(new Http(port)).text())
            .results()
            .map((type) -> type.group(1))
            .toList();
        assertThat(names).contains("dejavu_wrong_answers_total", "dejavu_change_feed_current",
                "dejavu_prune_last_success_timestamp_seconds", "dejavu_near_cache_size_bytes", "dejavu_build_info");
        assertThat(names.stream().map((name) -> name.replaceFirst("_max$", ""))).allMatch(page()::contains);
    }

    @Test
    void alertsAskForNoOther() throws IOException {
        String rules = Files.readString(Path.of("examples/prometheus/alerts.yml"));
        assertThat(SERIES.matcher(rules).results().map((name) -> name.group(1).replaceFirst("_(count|bucket)$", "")))
            .isNotEmpty()
            .allMatch(page()::contains);
    }

    private static Set<String> page() throws IOException {
        return ROW.matcher(Files.readString(Path.of("docs/operations.md")))
            .results()
            .map((row) -> row.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    }

}
