package dev.dejavu.registry;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks registries whether they have an image, those of the allow list alone.
 */
@Component
public class RegistryClient implements AutoCloseable {

    private final RegistryNames names;

    private final TimedDnsResolver resolver;

    private final AllowList allowed;

    private final RegistryHttp http;

    private final DockerCredentials credentials;

    private final ObservedCredentials logins;

    private final ManifestCheck manifests;

    private final @Nullable DockerHubMirror mirror;

    private final Duration timeout;

    private final ExecutorService executor = Executors
        .newThreadPerTaskExecutor(Thread.ofVirtual().name("registry-", 0).factory());

    RegistryClient(RegistryProperties properties, SslBundles bundles, JsonMapper mapper, Clock clock) {
        JsonMapper json = RegistryJson.bounded();
        this.names = new RegistryNames(properties.plainHttp());
        this.mirror = properties.mirror();
        this.resolver = new TimedDnsResolver(SystemDefaultDnsResolver.INSTANCE, properties.timeout());
        this.allowed = new AllowList(properties.allowed(), (mirror != null) ? List.of(mirror.registry()) : List.of(),
                names, resolver);
        this.http = new RegistryHttp(RegistryConnections.of(properties, bundles, allowed, resolver), allowed, names);
        this.credentials = new DockerCredentials(properties, mapper, clock);
        this.logins = new ObservedCredentials(credentials);
        this.manifests = new ManifestCheck(new RegistryAuth(http, logins, json, clock), json, clock);
        this.timeout = properties.timeout();
    }

    /**
     * The registry of an image, if it may be asked, by the one name it has here.
     * @param imageUri an OCI reference
     * @return {@code host} or {@code host:port}
     */
    public @Nullable String registryOf(String imageUri) {
        ImageReference reference = allowedReference(imageUri);
        return (reference != null) ? reference.registry() : null;
    }

    private @Nullable ImageReference allowedReference(String imageUri) {
        ImageReference parsed = ImageReference.parse(imageUri);
        ImageReference reference = (parsed != null) ? names.canonical(parsed) : null;
        return (reference != null && (allowed.permits(reference.registry()) || mirrored(reference) != null)) ? reference
                : null;
    }

    private @Nullable ImageReference mirrored(ImageReference reference) {
        return (mirror != null && reference.isOfDockerHub()) ? names.canonical(mirror.of(reference)) : null;
    }

    /**
     * The pattern of the allow list that a registry matches, of which there are few.
     */
    public String matchingPattern(String registry) {
        return allowed.matchingPattern(registry);
    }

    /**
     * Whether there was a login for what was last asked of a registry.
     * @return {@code configured}, {@code none} or {@code unavailable}; {@code null} when
     * nothing was asked
     */
    public @Nullable String loginAt(String registry) {
        return logins.at(registry);
    }

    /**
     * Checks whether an image is there for each of the platforms. Does not throw, and
     * returns in time.
     * @param imageUri an OCI reference
     * @param platforms as in {@code linux/amd64}; with none the manifest alone is checked
     */
    public ImageStatus check(String imageUri, Collection<String> platforms) {
        ImageReference reference = allowedReference(imageUri);
        if (reference == null) {
            return ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "may not be asked");
        }
        ImageReference mirrored = mirrored(reference);
        if (mirrored == null) {
            return check(reference, platforms, timeout);
        }
        // Half of the time for each of the two.
        ImageStatus copy = check(mirrored, platforms, timeout.dividedBy(2));
        if (copy.outcome() == ImageStatus.Outcome.PRESENT) {
            return copy;
        }
        if (allowed.permits(reference.registry())) {
            return check(reference, platforms, timeout.dividedBy(2));
        }
        return (copy.outcome() == ImageStatus.Outcome.UNKNOWN) ? copy : ImageStatus.unknown(
                ImageStatus.Reason.NOT_FOUND_UNPROVEN, "its mirror does not have it, and Docker Hub may not be asked");
    }

    private ImageStatus check(ImageReference reference, Collection<String> platforms, Duration limit) {
        Future<ImageStatus> check = executor.submit(() -> manifests.check(reference, platforms));
        try {
            return check.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        }
        catch (TimeoutException ex) {
            return ImageStatus.unknown(ImageStatus.Reason.TIMEOUT, "no answer within " + limit.toMillis() + " ms");
        }
        catch (ExecutionException ex) {
            return RequestFailure.status(ex.getCause());
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return ImageStatus.unknown(ImageStatus.Reason.NOT_ASKED, "interrupted");
        }
        finally {
            check.cancel(true);
        }
    }

    @Override
    public void close() throws IOException {
        executor.shutdownNow();
        credentials.close();
        resolver.close();
        http.close();
    }

}
