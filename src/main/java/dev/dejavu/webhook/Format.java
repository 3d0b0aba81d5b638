package dev.dejavu.webhook;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

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

    /** Azure Container Registry through Event Grid. */
    EVENT_GRID(new EventGridEvents()),

    /** Google Artifact Registry. */
    GAR(new GarEvents()),

    /** Amazon ECR. */
    ECR(new EcrEvents()),

    /** JFrog Artifactory. */
    JFROG(new JfrogEvents()),

    /** Sonatype Nexus. */
    NEXUS(new NexusEvents()),

    /** GitHub's container registry. */
    GITHUB(new GithubEvents()),

    /** Docker Hub. */
    DOCKER_HUB(new DockerHubEvents()),

    /** Quay. */
    QUAY(new QuayEvents());

    @SuppressWarnings("ImmutableEnumChecker") // has no state
    private final EventFormat reader;

    Format(EventFormat reader) {
        this.reader = reader;
    }

    /** All of them: {@code distribution, gitlab} and so on. */
    static String names() {
        return Arrays.stream(values()).map(Format::toString).collect(Collectors.joining(", "));
    }

    /** As in the settings. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** What such registries send, and how. */
    EventFormat reader() {
        return reader;
    }

    /**
     * The events in a request, each once.
     * @param registry of the images, as in their URIs
     */
    List<RegistryEvent> events(String registry, JsonNode body, HttpHeaders headers) {
        return reader.read(registry, body, headers)
            .flatMap((notification) -> notification.events(registry))
            .distinct()
            .toList();
    }

}
