package dev.dejavu.registry;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Looks into registries, those of the allow list alone. What is called by its digest
 * never changes, so it is read once and afterwards only asked for with HEAD, which no
 * registry counts as a pull.
 */
@Component
public class RegistryClient implements AutoCloseable {

    /** As Java names them, by their names in digests. */
    private static final Map<String, String> ALGORITHMS = Map.of("sha256", "SHA-256", "sha384", "SHA-384", "sha512",
            "SHA-512");

    private final AllowList allowed;

    private final RegistryHttp connection;

    private final JsonMapper json;

    private final Clock clock;

    private final Duration limit;

    private final ExecutorService executor = Executors
        .newThreadPerTaskExecutor(Thread.ofVirtual().name("registry-", 0).factory());

    private final Cache<String, Manifest> manifests = Caffeine.newBuilder()
        .maximumWeight(100_000)
        .weigher((String digest, Manifest manifest) -> 1 + manifest.children().size())
        .build();

    private final Cache<String, Platform> platforms = Caffeine.newBuilder().maximumSize(10_000).build();

    RegistryClient(RegistryProperties properties, JsonMapper json, Clock clock) {
        this.allowed = new AllowList(properties.allowed());
        this.connection = new RegistryHttp(properties, allowed, json);
        this.json = json;
        this.clock = clock;
        this.limit = properties.timeout();
    }

    /**
     * The registry of an image, if it may be asked.
     * @param imageUri an OCI reference
     * @return {@code host} or {@code host:port}
     */
    public @Nullable String registryOf(String imageUri) {
        ImageReference reference = ImageReference.parse(imageUri);
        return (reference != null && allowed.permits(reference.registry())) ? reference.registry() : null;
    }

    /**
     * The rule of the allow list by which a registry may be asked: there are few of them.
     */
    public String matchingPattern(String registry) {
        return allowed.rule(registry);
    }

    /**
     * Looks whether an image is there for each of the platforms. Does not throw, and
     * returns in time.
     * @param imageUri an OCI reference
     * @param wanted as in {@code linux/amd64}; none are a look at the manifest alone
     */
    public ImageStatus check(String imageUri, Collection<String> wanted) {
        ImageReference reference = ImageReference.parse(imageUri);
        if (reference == null || !allowed.permits(reference.registry())) {
            return ImageStatus.unknown("may not be asked", Duration.ZERO);
        }
        Future<ImageStatus> look = executor.submit(() -> ask(reference, wanted));
        try {
            return look.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        }
        catch (TimeoutException ex) {
            return ImageStatus.unknown("no answer within " + limit.toMillis() + " ms", Duration.ZERO);
        }
        catch (ExecutionException ex) {
            return ImageStatus.unknown(String.valueOf(ex.getCause()), Duration.ZERO);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return ImageStatus.unknown("interrupted", Duration.ZERO);
        }
        finally {
            look.cancel(true);
        }
    }

    /**
     * Looks, and believes that something is absent only while the reference still leads
     * to the manifest that names it: a tag may move meanwhile.
     */
    private ImageStatus ask(ImageReference reference, Collection<String> wanted) throws IOException {
        String digest = null;
        try {
            digest = current(reference);
            check(reference, digest, wanted);
            return ImageStatus.present(digest);
        }
        catch (CheckEnded ex) {
            boolean sure = ex.presence.outcome() != ImageStatus.Outcome.ABSENT || digest == null
                    || digest.equals(again(reference));
            return sure ? ex.presence : ImageStatus.unknown("its tag moves", Duration.ZERO);
        }
        catch (JacksonException ex) {
            return ImageStatus.unknown("a body that is no JSON", Duration.ZERO);
        }
    }

    private @Nullable String again(ImageReference reference) throws IOException {
        try {
            return current(reference);
        }
        catch (CheckEnded ex) {
            return null;
        }
    }

    /** The digest that the reference leads to now. */
    private String current(ImageReference reference) throws IOException, CheckEnded {
        String digest = probe(reference, reference.tagOrDigest());
        return (digest != null) ? digest : read(reference, reference.tagOrDigest());
    }

    private void check(ImageReference reference, String digest, Collection<String> wanted)
            throws IOException, CheckEnded {
        Manifest manifest = manifests.getIfPresent(key(reference, digest));
        if (manifest == null) {
            manifest = named(reference, digest);
        }
        for (String platform : wanted) {
            Platform known = Platform.parse(platform);
            if (known == null) {
                throw new CheckEnded(ImageStatus.unknown(platform + " names no platform", Duration.ZERO));
            }
            check(reference, manifest, known);
        }
    }

    /** The manifest that the registry has just named. */
    private Manifest named(ImageReference reference, String digest) throws IOException, CheckEnded {
        try {
            read(reference, digest);
        }
        catch (CheckEnded ex) {
            throw new CheckEnded(
                    ImageStatus.unknown("it names " + digest + ": " + ex.presence.reason(), ex.presence.retryAfter()));
        }
        Manifest manifest = manifests.getIfPresent(key(reference, digest));
        if (manifest == null) {
            throw new CheckEnded(ImageStatus.unknown("a manifest that is not " + digest, Duration.ZERO));
        }
        return manifest;
    }

    private static String key(ImageReference reference, String digest) {
        return reference.registry() + "/" + reference.apiName() + "@" + digest;
    }

    /**
     * Reads a manifest and remembers it by its digest.
     * @return the digest of what was read
     */
    private String read(ImageReference reference, String version) throws IOException, CheckEnded {
        byte[] body = get(reference, "manifests/" + version).body();
        Manifest manifest = Manifest.parse(json.readTree(body));
        if (manifest == null) {
            throw new CheckEnded(ImageStatus.unknown("neither a manifest nor an index", Duration.ZERO));
        }
        String digest = digest(body, version);
        manifests.put(key(reference, digest), manifest);
        return digest;
    }

    /**
     * Looks without a pull whether a manifest is there.
     * @return its digest, if the registry says it
     */
    private @Nullable String probe(ImageReference reference, String version) throws IOException, CheckEnded {
        RegistryResponse head = connection.ask("HEAD", reference, "manifests/" + version);
        if (head.status() == 404) {
            // Only a body says who it is that does not have it.
            return digest(get(reference, "manifests/" + version).body(), version);
        }
        return answered(head).digest();
    }

    private RegistryResponse get(ImageReference reference, String path) throws IOException, CheckEnded {
        return answered(connection.ask("GET", reference, path));
    }

    private RegistryResponse answered(RegistryResponse reply) throws CheckEnded {
        if (reply.isOk()) {
            return reply;
        }
        throw new CheckEnded(reply.saysAbsent(json) ? ImageStatus.absent("the registry does not have it")
                : ImageStatus.unknown("HTTP " + reply.status(), reply.retryAfter(clock.instant())));
    }

    private void check(ImageReference reference, Manifest manifest, Platform wanted) throws IOException, CheckEnded {
        String config = manifest.config();
        if (config != null) {
            if (!platform(reference, config).equals(wanted)) {
                throw new CheckEnded(ImageStatus.absent("it is for another platform"));
            }
            return;
        }
        Manifest.Child child = manifest.children()
            .stream()
            .filter((candidate) -> candidate.platform().equals(wanted))
            .findFirst()
            .orElseThrow(() -> new CheckEnded(
                    manifest.nameless() ? ImageStatus.unknown("its index does not say all platforms", Duration.ZERO)
                            : ImageStatus.absent("its index does not have the platform")));
        String digest = probe(reference, child.digest());
        if (digest == null) {
            digest = digest(get(reference, "manifests/" + child.digest()).body(), child.digest());
        }
        if (!digest.equals(child.digest())) {
            throw new CheckEnded(ImageStatus.unknown("a manifest that is not " + child.digest(), Duration.ZERO));
        }
    }

    private Platform platform(ImageReference reference, String config) throws IOException, CheckEnded {
        Platform known = platforms.getIfPresent(config);
        if (known == null) {
            byte[] body = get(reference, "blobs/" + config).body();
            JsonNode read = digest(body, config).equals(config) ? json.readTree(body) : json.missingNode();
            known = Platform.of(read);
            if (known == null) {
                throw new CheckEnded(ImageStatus.unknown("a config that says no platform", Duration.ZERO));
            }
            platforms.put(config, known);
        }
        return known;
    }

    /**
     * The digest of a body.
     * @param like another one: its algorithm is taken, if it has one that is known
     */
    private static String digest(byte[] body, String like) {
        String prefix = like.replaceFirst(":.*", "");
        String name = ALGORITHMS.containsKey(prefix) ? prefix : "sha256";
        try {
            byte[] hash = MessageDigest.getInstance(ALGORITHMS.getOrDefault(name, "SHA-256")).digest(body);
            return name + ":" + HexFormat.of().formatHex(hash);
        }
        catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public void close() throws IOException {
        executor.shutdownNow();
        connection.close();
    }

    /**
     * The look ends here.
     */
    private static final class CheckEnded extends Exception {

        private static final long serialVersionUID = 1;

        private final transient ImageStatus presence;

        CheckEnded(ImageStatus presence) {
            super(presence.reason(), null, false, false);
            this.presence = presence;
        }

    }

}
