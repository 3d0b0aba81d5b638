package dev.dejavu.webhook;

import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Sends the requests on the pages of registries to a service that has their settings.
 */
@WithSqlite
class RegistryPagesTests {

    private static final String SECRET = "sixteen-or-longer";

    private static final Pattern SETTINGS = Pattern.compile("(?ms)^```yaml\\n(.*?)^```");

    private static final Pattern VARIABLE = Pattern.compile("\\$\\{?([A-Z_]+)}?");

    /** One, with the lines that go on. */
    private static final Pattern REQUEST = Pattern
        .compile("(?ms)^\\$ curl -i \"?https://dejavu\\.example\\.com/webhooks/([^\"? ]+)([^\"\\s]*).*?(?=^[$`])");

    private static final Pattern HEADER = Pattern.compile("-H ['\"](.*?): (.*?)['\"]");

    private static final Pattern BODY = Pattern.compile("(?s)(?:-d |body=)'(.*?)'");

    @LocalServerPort
    int port;

    @Autowired
    MeterRegistry metrics;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        for (Path page : pages()) {
            for (MatchResult block : SETTINGS.matcher(Files.readString(page)).results().toList()) {
                VARIABLE.matcher(block.group(1))
                    .results()
                    .forEach((variable) -> registry.add(variable.group(1), () -> SECRET));
                for (PropertySource<?> source : new YamlPropertySourceLoader().load(page.toString(),
                        new ByteArrayResource(block.group(1).getBytes(StandardCharsets.UTF_8)))) {
                    for (String name : ((EnumerablePropertySource<?>) source).getPropertyNames()) {
                        registry.add(name, () -> source.getProperty(name));
                    }
                }
            }
        }
    }

    static List<Path> pages() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("docs/registries"))) {
            return files.filter((page) -> !page.endsWith("README.md")).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("pages")
    void requestOfThePageIsUnderstood(Path page) throws IOException {
        String text = Files.readString(page);
        List<MatchResult> requests = REQUEST.matcher(text).results().toList();
        assertThat(requests).isNotEmpty();
        for (MatchResult request : requests) {
            String webhook = request.group(1);
            String body = BODY.matcher(request.group() + text).results().findFirst().orElseThrow().group(1);
            double before = events(webhook);
            HttpResponse<String> response = new Http(port).send("POST",
                    "/webhooks/" + webhook + filled(request.group(2)), BodyPublishers.ofString(body),
                    headers(request.group(), body));
            assertThat(response.statusCode()).as(response.body()).isEqualTo(204);
            assertThat(events(webhook)).isGreaterThan(before);
        }
    }

    private static String[] headers(String request, String body) {
        List<String> headers = new ArrayList<>();
        HEADER.matcher(request).results().forEach((header) -> {
            headers.add(header.group(1));
            headers.add(filled(header.group(2)).replace("$signature", signature(body)));
        });
        return headers.toArray(String[]::new);
    }

    private static String signature(String body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
        }
        catch (GeneralSecurityException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static String filled(String text) {
        return VARIABLE.matcher(text).replaceAll(SECRET);
    }

    private double events(String webhook) {
        return metrics.find("dejavu.webhook.events")
            .tag("webhook", webhook)
            .counters()
            .stream()
            .mapToDouble((counter) -> counter.count())
            .sum();
    }

}
