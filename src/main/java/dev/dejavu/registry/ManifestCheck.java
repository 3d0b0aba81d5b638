package dev.dejavu.registry;

import java.io.IOException;
import java.time.Clock;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Checks an image by its manifests. Content addressed by digest is immutable: it is read
 * once and later only probed with HEAD, which no registry counts as a pull.
 */
final class ManifestCheck {

    private final RegistryAuth registry;

    private final JsonMapper json;

    private final Clock clock;

    private final Cache<String, Manifest> manifests = Caffeine.newBuilder()
        .maximumWeight(100_000)
        .weigher((String digest, Manifest manifest) -> 1 + manifest.children().size())
        .build();

    private final Cache<String, Platform> platforms = Caffeine.newBuilder().maximumSize(10_000).build();

    ManifestCheck(RegistryAuth registry, JsonMapper json, Clock clock) {
        this.registry = registry;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Checks an image. Something is absent only while the reference still leads to the
     * manifest that names it: a tag may move meanwhile.
     */
    ImageStatus check(ImageReference reference, Collection<String> wanted) throws IOException {
        String digest = null;
        try {
            digest = resolveDigest(reference);
            return ImageStatus.present(digest, requirePlatforms(reference, digest, wanted));
        }
        catch (CheckEnded ex) {
            boolean sure = ex.status().outcome() != ImageStatus.Outcome.ABSENT || digest == null
                    || digest.equals(resolveDigestAgain(reference));
            return sure ? ex.status() : ImageStatus.unknown(Reason.TAG_MOVES, "its tag moves");
        }
        catch (JacksonException ex) {
            return ImageStatus.unknown(Reason.UNEXPECTED_ANSWER, "a body that is no JSON");
        }
    }

    private @Nullable String resolveDigestAgain(ImageReference reference) throws IOException {
        try {
            return resolveDigest(reference);
        }
        catch (CheckEnded ex) {
            return null;
        }
    }

    /** The digest that the reference leads to now. */
    private String resolveDigest(ImageReference reference) throws IOException, CheckEnded {
        String digest = head(reference, reference.tagOrDigest());
        return (digest != null) ? digest : read(reference, reference.tagOrDigest());
    }

    /**
     * Requires that the image is there for each platform.
     * @return the digests of the manifests in the index, if it is one, that they led to
     */
    private List<String> requirePlatforms(ImageReference reference, String digest, Collection<String> wanted)
            throws IOException, CheckEnded {
        Manifest manifest = manifests.getIfPresent(key(reference, digest));
        if (manifest == null) {
            manifest = readListed(reference, digest);
        }
        Set<String> restedOn = new LinkedHashSet<>();
        for (String text : wanted) {
            Platform platform = Platform.parse(text);
            if (platform == null) {
                throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, text + " names no platform");
            }
            requirePlatform(reference, manifest, platform).ifPresent(restedOn::add);
        }
        return List.copyOf(restedOn);
    }

    private Optional<String> requirePlatform(ImageReference reference, Manifest manifest, Platform wanted)
            throws IOException, CheckEnded {
        String config = manifest.config();
        if (config != null) {
            if (!platformOf(reference, config).equals(wanted)) {
                throw CheckEnded.absent("it is for another platform");
            }
            return Optional.empty();
        }
        Manifest.Child child = manifest.children()
            .stream()
            .filter((candidate) -> candidate.platform().equals(wanted))
            .findFirst()
            .orElseThrow(() -> manifest.hasUnknownPlatforms()
                    ? CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, "its index does not name all platforms")
                    : CheckEnded.absent("its index does not have the platform"));
        String digest = head(reference, child.digest());
        if (digest == null) {
            byte[] body = get(reference, "manifests/" + child.digest()).body();
            digest = Digests.of(body, child.digest());
        }
        if (!digest.equals(child.digest())) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, "a manifest that is not " + child.digest());
        }
        return Optional.of(digest);
    }

    private Platform platformOf(ImageReference reference, String config) throws IOException, CheckEnded {
        Platform cached = platforms.getIfPresent(config);
        if (cached == null) {
            byte[] body = get(reference, "blobs/" + config).body();
            JsonNode read = Digests.of(body, config).equals(config) ? json.readTree(body) : json.missingNode();
            cached = Platform.of(read);
            if (cached == null) {
                throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, "a config that names no platform");
            }
            platforms.put(config, cached);
        }
        return cached;
    }

    /** Reads the manifest that the registry has just listed. */
    private Manifest readListed(ImageReference reference, String digest) throws IOException, CheckEnded {
        try {
            read(reference, digest);
        }
        catch (CheckEnded ex) {
            ImageStatus status = ex.status();
            throw new CheckEnded(
                    ImageStatus.unknown((status.reason() != null) ? status.reason() : Reason.UNEXPECTED_ANSWER,
                            "it names " + digest + ": " + status.detail(), status.retryAfter()));
        }
        Manifest manifest = manifests.getIfPresent(key(reference, digest));
        if (manifest == null) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, "a manifest that is not " + digest);
        }
        return manifest;
    }

    private static String key(ImageReference reference, String digest) {
        return reference.registry() + "/" + reference.apiName() + "@" + digest;
    }

    /**
     * Reads a manifest and caches it by its digest.
     * @return the digest of what was read
     */
    private String read(ImageReference reference, String tagOrDigest) throws IOException, CheckEnded {
        byte[] body = get(reference, "manifests/" + tagOrDigest).body();
        Manifest manifest = Manifest.parse(json.readTree(body));
        if (manifest == null) {
            throw CheckEnded.unknown(Reason.UNEXPECTED_ANSWER, "neither a manifest nor an index");
        }
        String digest = Digests.of(body, tagOrDigest);
        manifests.put(key(reference, digest), manifest);
        return digest;
    }

    /**
     * Probes a manifest, which is no pull.
     * @return its digest, if the registry names it
     */
    private @Nullable String head(ImageReference reference, String tagOrDigest) throws IOException, CheckEnded {
        RegistryResponse head = registry.send("HEAD", reference, "manifests/" + tagOrDigest);
        if (head.status() == 404) {
            // Only a body shows that it is the registry itself that does not have it.
            byte[] body = get(reference, "manifests/" + tagOrDigest).body();
            return Digests.of(body, tagOrDigest);
        }
        return requireOk(head).digest();
    }

    private RegistryResponse get(ImageReference reference, String path) throws IOException, CheckEnded {
        return requireOk(registry.send("GET", reference, path));
    }

    private RegistryResponse requireOk(RegistryResponse response) throws CheckEnded {
        if (response.isOk()) {
            return response;
        }
        throw response.isNotFoundByRegistry(json) ? CheckEnded.absent("the registry does not have it")
                : new CheckEnded(ImageStatus.unknown(response.reason(), "HTTP " + response.status(),
                        response.retryAfter(clock.instant())));
    }

}
