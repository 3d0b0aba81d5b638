package dev.dejavu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import dev.dejavu.cache.Sha256;
import dev.dejavu.registry.ImageStatus.Reason;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Holds what the Markdown pages refer to against what is there.
 */
class DocumentationTests {

    private static final Pattern CODE_BLOCK = Pattern.compile("(?ms)^ *```.*?^ *```$");

    /** A link or a picture whose target is no URL. */
    private static final Pattern LINK = Pattern.compile("]\\((?![a-z]+:)([^)#\\s]*)(?:#([^)\\s]*))?\\)");

    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

    /**
     * Neither a file, as {@code dejavu.jar}, nor the cache that the developers' page
     * makes up.
     */
    private static final Pattern SETTING = Pattern
        .compile("`(?:--)?(dejavu\\.(?!jar|aot|widget)[a-z0-9.<>\\[\\]*-]*[a-z0-9\\]*])");

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(dejavu\\.[^`]+)` \\|");

    private static final Pattern REASON = Pattern.compile("`((?:login|host|rate|token-server)-[a-z-]+)`");

    private static final Pattern HASH = Pattern.compile("printf '([^']+)' \\| sha256sum\n([0-9a-f]{64})");

    @Test
    void linkLeadsToAFileAndAHeading() throws IOException {
        for (Path page : pages(Path.of(""))) {
            assertThat(found(LINK, text(page)).filter((link) -> !leads(page, link.group(1), link.group(2)))
                .map(MatchResult::group)).as(page.toString()).isEmpty();
        }
    }

    @Test
    void pageNamesNoOtherSettingThanThoseOfTheTable() throws IOException {
        Set<String> settings = found(ROW, Files.readString(Path.of("docs/configuration.md"))).map((row) -> row.group(1))
            .collect(Collectors.toSet());
        for (Path page : pages(Path.of("docs"))) {
            assertThat(found(SETTING, Files.readString(page)).map((setting) -> setting.group(1))
                .filter((name) -> settings.stream().noneMatch((known) -> isMeant(known, name)))).as(page.toString())
                .isEmpty();
        }
    }

    @Test
    void pageOfARegistryNamesNoOtherReasonThanThoseOfChecks() throws IOException {
        Set<String> reasons = Stream.of(Reason.values()).map(Reason::toString).collect(Collectors.toSet());
        for (Path page : pages(Path.of("docs/registries"))) {
            assertThat(found(REASON, Files.readString(page)).map((reason) -> reason.group(1))
                .filter((reason) -> !reasons.contains(reason))).as(page.toString()).isEmpty();
        }
    }

    @Test
    void hashIsThatOfItsText() throws IOException {
        List<MatchResult> hashes = found(HASH, Files.readString(Path.of("docs/api.md"))).toList();
        assertThat(hashes).isNotEmpty()
            .allSatisfy((hash) -> assertThat(Sha256.hex(hash.group(1))).isEqualTo(hash.group(2)));
        // As the Flyte client spells an endpoint.
        assertThat(hashes).allSatisfy((hash) -> assertThat(hash.group(1)).startsWith("https://"));
    }

    private static boolean leads(Path page, String file, @Nullable String heading) {
        Path target = file.isEmpty() ? page : page.resolveSibling(file);
        return Files.exists(target) && (heading == null || anchors(target).contains(heading));
    }

    private static boolean isMeant(String known, String name) {
        return name.endsWith("*") ? known.startsWith(name.substring(0, name.length() - 1))
                : known.equals(name) || known.startsWith(name + "[");
    }

    private static List<Path> pages(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter((file) -> file.toString().endsWith(".md"))
                .filter((file) -> !file.toString().matches("(target|\\.git)/.*|.*(node_modules|site-packages)/.*"))
                .toList();
        }
    }

    private static Stream<MatchResult> found(Pattern pattern, String text) {
        return pattern.matcher(text).results();
    }

    private static String text(Path page) {
        try {
            return CODE_BLOCK.matcher(Files.readString(page)).replaceAll("");
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** As GitHub makes them of headings. */
    private static Set<String> anchors(Path page) {
        return found(HEADING, text(page))
            .map((heading) -> heading.group(1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-'))
            .collect(Collectors.toSet());
    }

}
