package dev.dejavu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.springframework.core.io.ClassPathResource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Compares the table of settings in {@code docs/configuration.md} with the metadata that
 * the build makes of the code.
 */
class ConfigurationPageTests {

    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(dejavu\\.[^`]+)` \\| (.*?) \\|");

    /** Members of a map or a list, of which the metadata has the whole alone. */
    private static final Pattern MEMBERS = Pattern.compile("\\.<name>\\..*|\\[\\*]");

    @Test
    void pageHasEverySettingAndNoOther() throws IOException {
        assertThat(page().keySet()).isEqualTo(metadata().keySet());
    }

    @Test
    void pageHasTheDefaults() throws IOException {
        Map<String, String> page = page();
        metadata().forEach((name, value) -> {
            if (!value.isEmpty()) {
                assertThat(page.get(name)).as(name).isEqualTo("`" + value + "`");
            }
        });
    }

    private static Map<String, String> page() throws IOException {
        Map<String, String> settings = new TreeMap<>();
        ROW.matcher(Files.readString(Path.of("docs/configuration.md")))
            .results()
            .forEach((row) -> settings.put(MEMBERS.matcher(row.group(1)).replaceFirst(""), row.group(2)));
        return settings;
    }

    private static Map<String, String> metadata() throws IOException {
        Map<String, String> settings = new TreeMap<>();
        try (InputStream json = new ClassPathResource("META-INF/spring-configuration-metadata.json").getInputStream()) {
            for (JsonNode property : new JsonMapper().readTree(json).path("properties")) {
                settings.put(property.path("name").asString(), value(property.path("defaultValue")));
            }
        }
        return settings;
    }

    /** As in a properties file: a list has commas alone. */
    private static String value(JsonNode value) {
        String text = value.asString("");
        return text.startsWith("[") ? text.substring(1, text.length() - 1).replace(", ", ",") : text;
    }

}
