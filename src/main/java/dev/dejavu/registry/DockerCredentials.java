package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Credentials as Docker finds them: from the credential helper of the registry, then from
 * that of all registries, then from {@code auths}. A helper runs only if the settings
 * list it.
 */
final class DockerCredentials implements CredentialStore, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(DockerCredentials.class);

    private static final String PREFIX = "docker-credential-";

    private static final int STARTS_AT_ONCE = 20;

    private static final int STARTS_PER_SECOND = 2;

    private final @Nullable DockerConfigFile file;

    /** By the helper's name. */
    private final Map<String, CredentialProgram> programs = new HashMap<>();

    private final Cache<Key, CredentialCache> fetched = Caffeine.newBuilder().maximumSize(1000).build();

    private final ExecutorService executor;

    /**
     * How often a helper of all registries is started for one that it had no login for:
     * each name that a client makes up under a pattern of the allow list is such a one.
     */
    private final Bucket starts;

    private final Clock clock;

    private record Key(String helper, String server, boolean mustHaveLogin) {
    }

    DockerCredentials(RegistryProperties properties, JsonMapper json, Clock clock) {
        Duration timeout = properties.timeout().multipliedBy(4).dividedBy(5);
        for (String helper : properties.credentialHelpers()) {
            String program = helper.startsWith("/") ? helper : PREFIX + helper;
            programs.put(program.substring(program.lastIndexOf(PREFIX) + PREFIX.length()),
                    new CredentialProgram(program, timeout, json));
        }
        Path config = properties.dockerConfig();
        this.file = (config != null) ? new DockerConfigFile(config, json, programs::containsKey) : null;
        this.executor = executor();
        this.starts = Bucket.builder()
            .addLimit((limit) -> limit.capacity(STARTS_AT_ONCE).refillGreedy(STARTS_PER_SECOND, Duration.ofSeconds(1)))
            .withCustomTimePrecision(time(clock))
            .build();
        this.clock = clock;
        logUnusable();
    }

    private static TimeMeter time(Clock clock) {
        return new TimeMeter() {

            @Override
            public long currentTimeNanos() {
                return Authorizations.ticker(clock).read();
            }

            @Override
            public boolean isWallClockBased() {
                return true;
            }

        };
    }

    /** Says at the start what could be used and cannot. */
    private void logUnusable() {
        programs.values()
            .stream()
            .filter((program) -> !program.isThere())
            .forEach((program) -> log.warn("dejavu.registry.credential-helpers: there is no program {}", program));
        if (file == null && !programs.isEmpty()) {
            log.warn("dejavu.registry.credential-helpers: none is run, as dejavu.registry.docker-config, "
                    + "which names their registries, is not set");
        }
        try {
            if (file != null) {
                file.read();
            }
        }
        catch (RegistryException ex) {
            log.debug("Logged where it is thrown", ex);
        }
    }

    /** Starting a process takes its thread, which must not be a virtual one's carrier. */
    private static ExecutorService executor() {
        ThreadPoolExecutor threads = new ThreadPoolExecutor(4, 4, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(100),
                Thread.ofPlatform().daemon().name("credentials-", 0).factory());
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    @Override
    public @Nullable Credentials find(ImageReference reference) throws RegistryException {
        if (file == null) {
            return null;
        }
        DockerConfig config = file.read();
        String helper = config.helper(reference);
        CredentialProgram program = (helper != null) ? programs.get(helper) : null;
        if (helper != null && program != null) {
            Key key = new Key(helper, DockerConfig.serverOf(reference), config.hasOwnHelper(reference));
            Credentials found = cache(key, program).get();
            if (found != null) {
                return found;
            }
        }
        Credentials found = config.credentials(reference);
        boolean isElsewhere = (program != null) ? config.hasLoginElsewhere(reference)
                : config.mayHaveLoginElsewhere(reference);
        if (found == null && isElsewhere) {
            throw new RegistryException(Reason.LOGIN_UNAVAILABLE, PREFIX + helper
                    + ((program != null) ? " has no login for " + reference.registry() : " is not run"));
        }
        return found;
    }

    private CredentialCache cache(Key key, CredentialProgram program) {
        return fetched.get(key, (_) -> new CredentialCache(() -> {
            Credentials found = program.get(key.server());
            if (found == null && key.mustHaveLogin()) {
                // ecr-login says so, too, when it cannot reach its cloud.
                throw new IOException("says that it has no login");
            }
            return found;
        }, PREFIX + key.helper() + " for " + key.server(), executor, clock,
                () -> key.mustHaveLogin() || starts.tryConsume(1)));
    }

    @Override
    public void refused(ImageReference reference, Credentials credentials) {
        fetched.asMap().forEach((key, cache) -> {
            if (key.server().equals(DockerConfig.serverOf(reference))) {
                cache.refused(credentials);
            }
        });
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }

}
