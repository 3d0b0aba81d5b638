package dev.dejavu.registry;

import java.util.Map;
import java.util.stream.Stream;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.registry.RegistryCasesTests.Case;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Request;

import static dev.dejavu.testing.ScriptedRegistry.INDEX;
import static dev.dejavu.testing.ScriptedRegistry.MANIFEST;
import static dev.dejavu.testing.ScriptedRegistry.child;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * The rows of the table about documents that are no manifest, or not for certain.
 */
final class DocumentCases {

    private static final String DIGEST = "sha256:" + "0".repeat(64);

    private static final String SHA512 = "sha512:" + "0".repeat(128);

    private static final Request TAG = new Request("GET", "/v2/team/app/manifests/v1", Map.of(), "");

    private static final String CONFIG = "\"config\":{\"digest\":\"" + DIGEST + "\"},\"layers\":[]";

    private static final String CHILDREN = "\"manifests\":[" + child(DIGEST, "linux/amd64") + "]";

    private DocumentCases() {
    }

    /** What could be taken for both (CVE-2021-41190), or is neither. */
    static Stream<Case> kinds() {
        return Stream.of(unclear("an index with a config", INDEX, "{" + CHILDREN + "," + CONFIG + "}"),
                unclear("an index with layers", INDEX, "{" + CHILDREN + ",\"layers\":[]}"),
                unclear("a manifest with no children", MANIFEST, "{" + CONFIG + ",\"manifests\":null}"),
                unclear("an index that calls itself a manifest", INDEX, typed(MANIFEST, CHILDREN)),
                unclear("a manifest that calls itself an index", MANIFEST, typed(INDEX, CONFIG)),
                unclear("an index that is announced as a manifest", MANIFEST, typed(INDEX, CHILDREN)),
                unclear("a manifest that is announced as an index", INDEX + "; charset=utf-8", typed(MANIFEST, CONFIG)),
                unclear("a manifest of schema 1", "application/vnd.docker.distribution.manifest.v1+prettyjws",
                        "{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[],\"signatures\":[]}"),
                unclear("a child whose digest is a path", INDEX,
                        "{\"manifests\":[" + child("../../v2/_catalog", "linux/arm64") + "]}"),
                Case.of("an artifact (ORAS)", (registry) -> {
                    registry.manifest("v1", MANIFEST, typed(MANIFEST, CONFIG.replace("{\"digest",
                            "{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\",\"digest")));
                    return registry::serve;
                }).isUnknown(Reason.PLATFORM_UNCLEAR), Case.of("an artifact with the empty config", (registry) -> {
                    registry.manifest("v1", MANIFEST, typed(MANIFEST, CONFIG.replace(DIGEST, registry.blob("{}"))));
                    return registry::serve;
                }).isUnknown(Reason.PLATFORM_UNCLEAR));
    }

    /** Bodies that Go would not read, or not so. */
    static Stream<Case> bodies() {
        return Stream.of(unclear("a byte order mark", MANIFEST, "\uFEFF{" + CONFIG + "}"),
                unclear("text behind the document", MANIFEST, "{" + CONFIG + "}<!-- -->"),
                unclear("two configs", MANIFEST, "{" + CONFIG + "," + CONFIG + "}"),
                unclear("half a document", MANIFEST, "{" + CONFIG), unclear("no body", MANIFEST, ""),
                unclear("a page", "text/html", "<html>Sign in</html>"),
                unclear("deep JSON", MANIFEST, "[".repeat(100_000) + "]".repeat(100_000)),
                unclear("5 MB", MANIFEST, "{" + CONFIG + "}" + " ".repeat(5 << 20)));
    }

    /** Headers. */
    static Stream<Case> headers() {
        return Stream.of(headers("no digest").is(Outcome.PRESENT),
                headers("an empty digest", "Docker-Content-Digest", "").is(Outcome.PRESENT),
                headers("a digest in capitals", "Docker-Content-Digest", "SHA256:" + "0".repeat(64))
                    .isUnknown(Reason.UNEXPECTED_ANSWER),
                headers("a digest of an unknown algorithm", "Docker-Content-Digest", "blake3:" + "0".repeat(64))
                    .isUnknown(Reason.UNEXPECTED_ANSWER),
                headers("a digest of another algorithm that is not the body's", "Docker-Content-Digest", SHA512)
                    .isUnknown(Reason.UNEXPECTED_ANSWER),
                headers("a charset", "Content-Type", MANIFEST + "; charset=utf-8").is(Outcome.PRESENT),
                headers("a type that says nothing", "Content-Type", "text/plain").is(Outcome.PRESENT),
                headers("gzip", "Content-Encoding", "gzip").is(Outcome.PRESENT),
                headers("a coding that nobody asked for", "Content-Encoding", "exi")
                    .isUnknown(Reason.UNEXPECTED_ANSWER),
                Case.of("a digest of SHA-512", (registry) -> (request) -> {
                    String image = registry.serve(TAG).body();
                    return request.path().contains("/blobs/") ? registry.serve(request)
                            : Answer.of(200, image, "Docker-Content-Digest", Digests.of(image.getBytes(UTF_8), SHA512));
                }).is(Outcome.PRESENT));
    }

    private static Case headers(String name, String... headers) {
        return Case.of(name, (registry) -> (request) -> {
            Answer answer = registry.serve(request);
            return Answer.of(answer.status(), answer.body(), headers);
        });
    }

    private static String typed(String mediaType, String members) {
        return "{\"schemaVersion\":2,\"mediaType\":\"" + mediaType + "\"," + members + "}";
    }

    private static Case unclear(String name, String contentType, String body) {
        return Case.of(name, (registry) -> {
            registry.manifest("v1", contentType, body);
            return registry::serve;
        }).isUnknown(Reason.UNEXPECTED_ANSWER);
    }

}
