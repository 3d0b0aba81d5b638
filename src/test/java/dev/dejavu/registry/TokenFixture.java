package dev.dejavu.registry;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.junit.jupiter.api.AfterEach;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Request;
import dev.dejavu.testing.SettableClock;

/**
 * A registry that takes nothing but the last token of its token server.
 */
abstract class TokenFixture {

    final ScriptedRegistry registry = new ScriptedRegistry();

    final SettableClock clock = new SettableClock();

    final Logins logins = new Logins();

    final RegistryHttp http;

    final RegistryAuth auth;

    final AtomicInteger issued = new AtomicInteger();

    /** What the token server answers; {@code null} for the next token. */
    volatile @Nullable Answer tokenServer;

    volatile String expiresIn = "";

    TokenFixture() {
        http = http(registry.host());
        auth = new RegistryAuth(http, logins, new JsonMapper(), clock);
        registry.image("v1", "linux/amd64");
        registry.play(this::answer);
    }

    @AfterEach
    void close() throws IOException {
        http.close();
        registry.close();
    }

    @Nullable Answer answer(Request request) {
        if (request.path().equals("/token")) {
            Answer always = tokenServer;
            return (always != null) ? always
                    : Answer.of(200, "{\"token\":\"t%d\"%s}".formatted(issued.incrementAndGet(), expiresIn));
        }
        return request.authorization().equals("Bearer t" + issued) ? registry.serve(request)
                : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate",
                        request.authorization().isEmpty()
                                ? "Bearer realm=\"http://" + registry.host() + "/token\",service=\"s\""
                                : "Basic realm=\"harbor\"");
    }

    int send(String repository) throws IOException {
        ImageReference reference = new ImageReference(registry.host(), repository, "v1", null);
        return auth.send("GET", reference, "manifests/v1").status();
    }

    long tokenRequests() {
        return registry.takeRequests().stream().filter((line) -> line.contains("/token")).count();
    }

    static RegistryHttp http(String... hosts) {
        RegistryProperties properties = RegistrySettings.of(List.of(hosts));
        RegistryNames names = new RegistryNames(properties.plainHttp());
        AllowList allowed = new AllowList(properties.allowed(), List.of(), names, SystemDefaultDnsResolver.INSTANCE);
        return new RegistryHttp(RegistryConnections.of(properties, new DefaultSslBundleRegistry(), allowed,
                SystemDefaultDnsResolver.INSTANCE), allowed, names);
    }

    /**
     * Credentials that a test sets.
     */
    static final class Logins implements CredentialStore {

        volatile @Nullable Credentials current;

        volatile @Nullable Credentials successor;

        volatile @Nullable RegistryException failure;

        volatile boolean isGoneAfterRefusal;

        final List<Credentials> refused = new ArrayList<>();

        @Override
        public @Nullable Credentials find(ImageReference reference) throws RegistryException {
            RegistryException thrown = failure;
            if (thrown != null) {
                throw thrown;
            }
            return current;
        }

        @Override
        public void refused(ImageReference reference, Credentials credentials) {
            refused.add(credentials);
            if (isGoneAfterRefusal || successor != null) {
                current = successor;
            }
        }

    }

}
