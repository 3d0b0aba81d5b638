package dev.dejavu.registry;

import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.Stream;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.registry.RegistryCasesTests.Case;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Request;

import static dev.dejavu.testing.ScriptedRegistry.INDEX;
import static dev.dejavu.testing.ScriptedRegistry.child;

/**
 * The rows of the table about manifests and indexes: what containerd would pull.
 */
final class ManifestCases {

    private static final String AMD64 = "linux/amd64";

    private static final String ARM64 = "linux/arm64";

    private static final String GONE = "sha256:" + "0".repeat(64);

    private static final String PLATFORM = ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}";

    private ManifestCases() {
    }

    /** Registries and firewalls that refuse HEAD. */
    static Stream<Case> head() {
        return Stream.concat(
                Stream.of(400, 403, 404, 405, 501)
                    .map((status) -> answers("HEAD is refused with " + status + " (distribution#1485, containerd#6684)",
                            (registry, request) -> request.method().equals("HEAD") ? Answer.of(status, "")
                                    : registry.serve(request))
                        .is(Outcome.PRESENT)),
                Stream.of(
                        answers("HEAD is refused, and GET says that it is gone",
                                (registry, request) -> request.method().equals("HEAD") ? Answer.of(405, "")
                                        : ScriptedRegistry.always(Answer.error(404, "MANIFEST_UNKNOWN"))
                                            .answer(request))
                            .is(Outcome.ABSENT),
                        answers("HEAD is refused, and GET names another digest than its body has",
                                (registry, request) -> request.method().equals("HEAD") ? Answer.of(405, "")
                                        : Answer.of(200, registry.serve(request).body(), "Docker-Content-Digest", GONE))
                            .isUnknown(Reason.UNEXPECTED_ANSWER),
                        answers("HEAD and GET are refused", (registry, request) -> Answer.error(403, "DENIED"))
                            .isUnknown(Reason.LOGIN_MISSING),
                        answers("HEAD asks for a pause", (registry, request) -> request.method().equals("HEAD")
                                ? Answer.of(429, "") : registry.serve(request))
                            .isUnknown(Reason.RATE_LIMITED)));
    }

    /** Indexes. */
    static Stream<Case> indexes() {
        return Stream.of(
                has("an index in an index",
                        (registry) -> registry.index("v1",
                                nested(registry.index("n", child(image(registry), AMD64)), "")))
                    .is(Outcome.PRESENT),
                has("an index in an index, which names the platform",
                        (registry) -> registry.index("v1",
                                child(registry.index("n", child(image(registry), AMD64)), AMD64)))
                    .isUnknown(Reason.UNEXPECTED_ANSWER),
                has("an index in an index, which names the platform and that it is one",
                        (registry) -> registry.index("v1",
                                nested(registry.index("n", child(image(registry), AMD64)), PLATFORM)))
                    .is(Outcome.PRESENT),
                has("an index in an index is for another platform",
                        (registry) -> registry.index("v1", nested(registry.index("n", child(GONE, ARM64)), "")))
                    .is(Outcome.ABSENT),
                has("an index in an index is gone", (registry) -> registry.index("v1", nested(GONE, "")))
                    .is(Outcome.ABSENT),
                has("an index in an index has it, but another one comes first",
                        (registry) -> registry.index("v1", nested(registry.index("m", child(GONE, ARM64)), ""),
                                nested(registry.index("n", child(image(registry), AMD64)), "")))
                    .isUnknown(Reason.PLATFORM_UNCLEAR),
                has("too many indexes in each other", ManifestCases::nest).isUnknown(Reason.PLATFORM_UNCLEAR),
                has("an entry without a platform", (registry) -> registry.index("v1", child(image(registry), null)))
                    .is(Outcome.PRESENT),
                has("an entry without a platform is for another one",
                        (registry) -> registry.index("v1", child(registry.image("c", ARM64), null)))
                    .is(Outcome.ABSENT),
                has("an entry without a platform is gone", (registry) -> registry.index("v1", child(GONE, null)))
                    .is(Outcome.ABSENT),
                has("an entry without a platform, after another one",
                        (registry) -> registry.index("v1", child(registry.image("c", ARM64), null),
                                child(image(registry), null)))
                    .isUnknown(Reason.PLATFORM_UNCLEAR),
                has("an entry with the platform, after one without",
                        (registry) -> registry.index("v1", child(GONE, null), child(image(registry), AMD64)))
                    .is(Outcome.PRESENT),
                has("an entry with half a platform",
                        (registry) -> registry.index("v1",
                                child(image(registry), AMD64).replace("\"os\":\"linux\",", "")))
                    .isUnknown(Reason.PLATFORM_UNCLEAR),
                has("the first of two entries of a platform is gone",
                        (registry) -> registry.index("v1", child(GONE, AMD64), child(image(registry), AMD64)))
                    .is(Outcome.ABSENT),
                has("the second of two entries of a platform is gone",
                        (registry) -> registry.index("v1", child(image(registry), AMD64), child(GONE, AMD64)))
                    .is(Outcome.PRESENT),
                has("an entry for nodes with a feature", (registry) -> registry.index("v1", special(image(registry))))
                    .isUnknown(Reason.PLATFORM_UNCLEAR),
                has("an entry for nodes with a feature, and one for all",
                        (registry) -> registry.index("v1", special(GONE), child(image(registry), AMD64)))
                    .is(Outcome.PRESENT),
                has("an attestation comes first",
                        (registry) -> registry.index("v1", child(GONE, "unknown/unknown"),
                                child(image(registry), AMD64)))
                    .is(Outcome.PRESENT),
                has("an attestation is all there is",
                        (registry) -> registry.index("v1", child(GONE, "unknown/unknown")))
                    .is(Outcome.ABSENT),
                has("a variant that a later one runs",
                        (registry) -> registry.index("v1", child(GONE, "linux/arm/v5"),
                                child(image(registry), "linux/arm/v6")))
                    .platform("linux/arm")
                    .is(Outcome.PRESENT),
                has("a variant that an earlier one does not run",
                        (registry) -> registry.index("v1", child(image(registry), "linux/arm/v7")))
                    .platform("linux/arm/v6")
                    .is(Outcome.ABSENT),
                has("another architecture that containerd would take",
                        (registry) -> registry.index("v1", child(image(registry), "linux/386")))
                    .is(Outcome.ABSENT));
    }

    private static Case answers(String name, BiFunction<ScriptedRegistry, Request, Answer> answers) {
        return Case.of(name, (registry) -> (request) -> answers.apply(registry, request));
    }

    private static Case has(String name, Consumer<ScriptedRegistry> content) {
        return Case.of(name, (registry) -> {
            content.accept(registry);
            return registry::serve;
        });
    }

    private static String image(ScriptedRegistry registry) {
        return registry.image("c", AMD64);
    }

    private static String nested(String digest, String platform) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1%s}".formatted(INDEX, digest, platform);
    }

    private static String special(String digest) {
        return child(digest, AMD64).replace("\"os\"", "\"os.features\":[\"erofs\"],\"os\"");
    }

    private static void nest(ScriptedRegistry registry) {
        String digest = image(registry);
        for (int i = 0; i < 30; i++) {
            digest = registry.index("v1", (i > 0) ? nested(digest, "") : child(digest, AMD64));
        }
    }

}
