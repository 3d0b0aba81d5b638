package dev.dejavu.webhook;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.JsonNode;

import dev.dejavu.cache.RegistryEvent;

/**
 * The formats of the events of registries, by their names in the settings.
 */
enum Format {

    /** Docker's registry 2.8 and relatives. */
    DISTRIBUTION(new DistributionEvents()),

    /** GitLab's container registry, where it is self-managed. */
    GITLAB(new DistributionEvents()),

    /** Harbor. */
    HARBOR(new HarborEvents()),

    /** The registry zot. */
    ZOT(new ZotEvents()),

    /** Webhooks of Azure Container Registry. */
    ACR(new AcrEvents()),

    /** Amazon ECR. */
    ECR(new EcrEvents()),

    /** JFrog Artifactory. */
    JFROG(new JfrogEvents()),

    /** Sonatype Nexus. */
    NEXUS(new NexusEvents()),

    /** GitHub's container registry. */
    GITHUB(new GithubEvents());

    @SuppressWarnings("ImmutableEnumChecker") // has no state
    private final EventFormat format;

    Format(EventFormat format) {
        this.format = format;
    }

    /** As in the settings: {@code distribution, gitlab} and so on. */
    static String names() {
        return Arrays.stream(values())
            .map((format) -> format.name().toLowerCase(Locale.ROOT).replace('_', '-'))
            .collect(Collectors.joining(", "));
    }

    /** The header in which such registries send a secret or a signature. */
    String header() {
        return format.header();
    }

    /** How such registries sign; {@code null} for those that send the secret itself. */
    @Nullable Signature signature() {
        return format.signature();
    }

    /**
     * The events in a request, each once.
     * @param registry of the images, as in their URIs
     */
    List<RegistryEvent> events(String registry, JsonNode body, HttpHeaders headers) {
        return format.read(registry, body, headers)
            .flatMap((notification) -> notification.events(registry))
            .distinct()
            .toList();
    }

}
