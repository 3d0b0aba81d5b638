package dev.dejavu.webhook;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.RegistryEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Bodies as registries send them, with the events that are right: a file for each format,
 * named as in the settings.
 */
class FormatTests {

    private static final String REGISTRY = "registry.example.com:5000";

    private static final String HEX = "2bb501e6".repeat(8);

    private static final JsonMapper json = new JsonMapper();

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource
    void body_hasTheseEvents(Format format, String name, JsonNode sample) {
        String registry = sample.path("registry").asString(REGISTRY);
        HttpHeaders headers = new HttpHeaders();
        sample.path("headers")
            .properties()
            .forEach((header) -> headers.add(header.getKey(), header.getValue().asString()));
        assertThat(format.events(registry, sample.path("body"), headers)).as(name)
            .extracting(FormatTests::written)
            .containsExactlyInAnyOrderElementsOf(sample.path("events")
                .valueStream()
                .map((event) -> event.asString().replace("{registry}", registry))
                .toList());
    }

    static Stream<Arguments> body_hasTheseEvents() {
        return Arrays.stream(Format.values())
            .flatMap((format) -> samples(format).stream()
                .map((sample) -> Arguments.of(format, sample.path("case").asString(), sample)));
    }

    private static List<JsonNode> samples(Format format) {
        String file = format.name().toLowerCase(Locale.ROOT).replace('_', '-') + ".json";
        try (InputStream stream = new ClassPathResource(file, FormatTests.class).getInputStream()) {
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            return json.readTree(text.replace("{digest}", "sha256:" + HEX).replace("{hex}", HEX))
                .valueStream()
                .toList();
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static String written(RegistryEvent event) {
        return event.kind().name().toLowerCase(Locale.ROOT) + " " + event.repository()
                + ((event.tag() != null) ? ":" + event.tag() : "")
                + ((event.digest() != null) ? "@" + event.digest() : "");
    }

}
