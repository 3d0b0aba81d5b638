package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Set;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Reads manifests and configs. Content addressed by digest is immutable: it is read once
 * and later only probed with HEAD, which no registry counts as a pull. Any method fails
 * with {@link CheckEnded} when what it asks for is not there.
 */
final class ManifestReader {

    /**
     * After HEAD: 404 alone may come from anything in between, and the others from
     * registries and firewalls that know GET only.
     */
    private static final Set<Integer> ASK_AGAIN_WITH_GET = Set.of(400, 403, 404, 405, 501);

    private final RegistryAuth registry;

    private final JsonMapper json;

    /** Two parsers may disagree about which of two equal members counts. */
    private final ObjectReader documents;

    private final Clock clock;

    private final Cache<String, Manifest> manifests = Caffeine.newBuilder()
        .maximumWeight(100_000)
        .weigher((String digest, Manifest manifest) -> 1 + manifest.children().size())
        .build();

    private final Cache<String, Platform> platforms = Caffeine.newBuilder().maximumSize(10_000).build();

    ManifestReader(RegistryAuth registry, JsonMapper json, Clock clock) {
        this.registry = registry;
        this.json = json;
        this.documents = json.reader().with(StreamReadFeature.STRICT_DUPLICATE_DETECTION);
        this.clock = clock;
    }

    /** The digest that a reference leads to now. */
    String resolve(ImageReference reference) throws IOException, CheckEnded {
        String digest = head(reference, reference.tagOrDigest(), "");
        return (digest != null) ? digest : read(reference, reference.tagOrDigest(), "").digest();
    }

    /** The manifest that a reference has just led to. */
    Manifest resolved(ImageReference reference, String digest) throws IOException, CheckEnded {
        Manifest cached = manifests.getIfPresent(key(reference, digest));
        try {
            return (cached != null) ? cached : read(reference, digest, "");
        }
        catch (CheckEnded ex) {
            ImageStatus status = ex.status();
            throw new CheckEnded(
                    ImageStatus.unknown((status.reason() != null) ? status.reason() : Reason.UNEXPECTED_ANSWER,
                            "it names " + digest + ": " + status.detail(), status.retryAfter()));
        }
    }

    /** The content of what an index names, if it is there now. */
    Manifest child(ImageReference reference, Manifest.Child child) throws IOException, CheckEnded {
        Manifest cached = manifests.getIfPresent(key(reference, child.digest()));
        if (cached == null) {
            return read(reference, child.digest(), child.mediaType());
        }
        requireThere(reference, child);
        return cached;
    }

    /** Requires that what an index names is there now. */
    void requireThere(ImageReference reference, Manifest.Child child) throws IOException, CheckEnded {
        if (head(reference, child.digest(), child.mediaType()) == null) {
            read(reference, child.digest(), child.mediaType());
        }
    }

    /** The platform that an image's config names. */
    Platform platformOf(ImageReference reference, String config) throws IOException, CheckEnded {
        Platform cached = platforms.getIfPresent(config);
        if (cached == null) {
            RegistryResponse response = get(reference, "blobs/" + config);
            digest(response, config);
            cached = Platform.of(parse(response));
            if (cached == null) {
                throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, "a config that names no platform");
            }
            platforms.put(config, cached);
        }
        return cached;
    }

    private static String key(ImageReference reference, String digest) {
        return reference.registry() + "/" + reference.apiName() + "@" + digest;
    }

    /**
     * Probes a manifest, which is no pull.
     * @param mediaType that an index announces it with; empty for none
     * @return its digest; {@code null} when only its content can show it
     */
    private @Nullable String head(ImageReference reference, String tagOrDigest, String mediaType)
            throws IOException, CheckEnded {
        RegistryResponse head = registry.send("HEAD", reference, "manifests/" + tagOrDigest);
        if (ASK_AGAIN_WITH_GET.contains(head.status())) {
            return null;
        }
        String digest = namedDigest(requireOk(head));
        if (Manifest.contradict(mediaType, contentType(head))) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, mediaType + " that is " + contentType(head));
        }
        if (digest == null || !Digests.isDigest(tagOrDigest)) {
            return digest;
        }
        if (!Digests.areComparable(digest, tagOrDigest)) {
            return null;
        }
        return requireEqual(digest, tagOrDigest);
    }

    /** Reads a manifest and caches it by its digest. */
    private Manifest read(ImageReference reference, String tagOrDigest, String mediaType)
            throws IOException, CheckEnded {
        RegistryResponse response = get(reference, "manifests/" + tagOrDigest);
        Manifest manifest = Manifest.parse(digest(response, tagOrDigest), parse(response), mediaType,
                contentType(response));
        if (manifest == null) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, "no manifest and no index, or both");
        }
        manifests.put(key(reference, manifest.digest()), manifest);
        return manifest;
    }

    /** As Go reads it, in UTF-8 and without a byte order mark. */
    private JsonNode parse(RegistryResponse response) {
        return documents.readTree(new String(response.body(), StandardCharsets.UTF_8));
    }

    private static String contentType(RegistryResponse response) {
        String type = response.headers().getFirst(HttpHeaders.CONTENT_TYPE);
        return (type != null) ? type.replaceFirst(";.*", "").strip() : "";
    }

    /** The digest of a body, which is the one that it was asked for with, and named. */
    private static String digest(RegistryResponse response, String tagOrDigest) throws CheckEnded {
        String named = namedDigest(response);
        if (named != null) {
            requireEqual(Digests.of(response.body(), named), named);
        }
        if (Digests.isDigest(tagOrDigest)) {
            return requireEqual(Digests.of(response.body(), tagOrDigest), tagOrDigest);
        }
        return (named != null) ? named : Digests.of(response.body(), tagOrDigest);
    }

    private static @Nullable String namedDigest(RegistryResponse response) throws CheckEnded {
        String digest = response.digest();
        if (digest == null || digest.isEmpty()) {
            return null;
        }
        if (!Digests.isDigest(digest)) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, digest + ", which is no digest");
        }
        return digest;
    }

    private static String requireEqual(String digest, String wanted) throws CheckEnded {
        if (!digest.equals(wanted)) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, digest + " instead of " + wanted);
        }
        return digest;
    }

    private RegistryResponse get(ImageReference reference, String path) throws IOException, CheckEnded {
        return requireOk(registry.send("GET", reference, path));
    }

    private RegistryResponse requireOk(RegistryResponse response) throws CheckEnded {
        if (response.isOk()) {
            return response;
        }
        throw response.isNotFoundByRegistry(json) ? CheckEnded.absent("the registry does not have it") : new CheckEnded(
                ImageStatus.unknown(response.reason(), response.detail(), response.retryAfter(clock.instant())));
    }

}
