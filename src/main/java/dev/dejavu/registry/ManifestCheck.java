package dev.dejavu.registry;

import java.io.IOException;
import java.time.Clock;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Checks an image by its manifests: whether containerd would find one for each platform.
 */
final class ManifestCheck {

    /** Children that are looked at for one platform. */
    private static final int MAX_LOOKS = 20;

    private final ManifestReader manifests;

    ManifestCheck(RegistryAuth registry, JsonMapper json, Clock clock) {
        this.manifests = new ManifestReader(registry, json, clock);
    }

    /**
     * Checks an image. Something is absent only while the reference still leads to the
     * manifest that names it: a tag may move meanwhile.
     */
    ImageStatus check(ImageReference reference, Collection<String> wanted) throws IOException {
        String digest = null;
        try {
            digest = manifests.resolve(reference);
            return ImageStatus.present(digest, requirePlatforms(reference, digest, wanted));
        }
        catch (CheckEnded ex) {
            boolean sure = ex.status().outcome() != ImageStatus.Outcome.ABSENT || digest == null
                    || digest.equals(resolveAgain(reference));
            return sure ? ex.status() : ImageStatus.unknown(Reason.TAG_MOVES, "its tag moves");
        }
        catch (JacksonException ex) {
            return ImageStatus.unknown(Reason.UNEXPECTED_ANSWER, "a body that is no JSON");
        }
    }

    private @Nullable String resolveAgain(ImageReference reference) throws IOException {
        try {
            return manifests.resolve(reference);
        }
        catch (CheckEnded ex) {
            return null;
        }
    }

    /**
     * Requires that the image is there for each platform.
     * @return the digests of the manifests below an index that they led to
     */
    private List<String> requirePlatforms(ImageReference reference, String digest, Collection<String> wanted)
            throws IOException, CheckEnded {
        Manifest manifest = manifests.resolved(reference, digest);
        Set<String> restedOn = new LinkedHashSet<>();
        for (String text : wanted) {
            Platform platform = Platform.parse(text);
            if (platform == null) {
                throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, text + " names no platform");
            }
            if (!new Search(reference, platform, restedOn).leadsToIt(manifest)) {
                throw CheckEnded
                    .absent(manifest.isIndex() ? "its index does not have the platform" : "it is for another platform");
            }
        }
        return List.copyOf(restedOn);
    }

    /**
     * A search for one platform. Of each index containerd takes one child, the first of
     * those that may be for the platform, and goes no other way where that leads to
     * nothing; other clients may.
     */
    private final class Search {

        private final ImageReference reference;

        private final Platform wanted;

        private final Set<String> restedOn;

        private int looks;

        Search(ImageReference reference, Platform wanted, Set<String> restedOn) {
            this.reference = reference;
            this.wanted = wanted;
            this.restedOn = restedOn;
        }

        /**
         * Whether a manifest is for the platform, or an index leads to one that is there.
         */
        boolean leadsToIt(Manifest manifest) throws IOException, CheckEnded {
            if (manifest.isIndex()) {
                return childLeadsToIt(manifest);
            }
            String config = manifest.config();
            if (config == null) {
                throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, "an artifact, which is no image");
            }
            return wanted.accepts(manifests.platformOf(reference, config));
        }

        private boolean childLeadsToIt(Manifest index) throws IOException, CheckEnded {
            boolean isFirst = true;
            for (Manifest.Child child : index.candidates(wanted)) {
                if (leadsToIt(child)) {
                    if (!isFirst) {
                        throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, "its index has another one before it");
                    }
                    restedOn.add(child.digest());
                    return true;
                }
                isFirst = false;
            }
            return false;
        }

        private boolean leadsToIt(Manifest.Child child) throws IOException, CheckEnded {
            if (child.isUnclear() || ++looks > MAX_LOOKS) {
                throw CheckEnded.unknown(Reason.PLATFORM_UNCLEAR, "its index does not name all platforms");
            }
            if (child.platform() != null && child.isManifest()) {
                manifests.requireThere(reference, child);
                return true;
            }
            Manifest content = manifests.child(reference, child);
            return (child.platform() != null && !content.isIndex()) || leadsToIt(content);
        }

    }

}
