package dev.dejavu.webhook;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent.Kind;

import static dev.dejavu.webhook.EventFormat.word;

/**
 * The events of components and assets in Docker repositories of Sonatype Nexus, which
 * signs them. A component is an image and its tag; an asset is a manifest, or a layer.
 * Whether URIs have the repository's name in their path, or in the name or the port of
 * the host, is a setting of the repository. An event about a URI that no entry has does
 * nothing.
 *
 * @see <a href="https://help.sonatype.com/en/example-headers-and-payloads.html">Example
 * Headers and Payloads</a>
 * @see <a href="https://help.sonatype.com/en/working-with-hmac-payloads.html">Working
 * With HMAC Payloads</a>
 */
final class NexusEvents implements EventFormat {

    private static final Pattern MANIFEST = Pattern.compile("/?v2/(?<name>.+)/manifests/(?<reference>[^/]+)");

    @Override
    public String header() {
        return "X-Nexus-Webhook-Signature";
    }

    @Override
    public Signature signature() {
        return Signature.SHA1;
    }

    @Override
    public Stream<Notification> read(String registry, JsonNode body, HttpHeaders headers) {
        return switch (word(body, "action")) {
            case "CREATED", "UPDATED" -> about(body, Kind.PUSH);
            case "DELETED" -> about(body, Kind.DELETE);
            default -> Stream.empty();
        };
    }

    private static Stream<Notification> about(JsonNode body, Kind kind) {
        String repository = word(body, "repositoryName");
        JsonNode component = body.path("component");
        if (word(component, "format").equals("docker")) {
            return about(kind, repository, word(component, "name"), word(component, "version"));
        }
        Matcher manifest = MANIFEST.matcher(word(body.path("asset"), "name"));
        return (word(body.path("asset"), "format").equals("docker") && manifest.matches())
                ? about(kind, repository, manifest.group("name"), manifest.group("reference")) : Stream.empty();
    }

    private static Stream<Notification> about(Kind kind, String repository, String name, String reference) {
        return Stream.of(name, repository + "/" + name)
            .map((path) -> Notification.byReference(kind, null, path, reference));
    }

}
