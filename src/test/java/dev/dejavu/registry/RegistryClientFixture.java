package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

import com.sun.net.httpserver.HttpExchange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;
import dev.dejavu.testing.RequiresRegistry;

/**
 * A client of a real registry, behind a proxy that can inject faults.
 */
@RequiresRegistry
abstract class RegistryClientFixture {

    static final List<String> AMD64 = List.of("linux/amd64");

    static RegistryProcess registry;

    RegistryProxy proxy;

    RegistryClient registries;

    @BeforeAll
    static void start(TestInfo test) {
        registry = RegistryProcess.start(RequiresRegistry.Installed.required(test.getTestClass().orElseThrow()));
    }

    @AfterAll
    static void stop() {
        registry.close();
    }

    @BeforeEach
    void connect() {
        proxy = new RegistryProxy(registry.uri());
        registries = registries(null, proxy.host());
    }

    @AfterEach
    void disconnect() throws IOException {
        registries.close();
        proxy.close();
    }

    static RegistryClient registries(@Nullable Path config, String... hosts) {
        return RegistrySettings.client(List.of(hosts), "docker-config", (config != null) ? config.toString() : "");
    }

    ImageStatus check(String image, List<String> platforms) {
        return registries.check(proxy.host() + "/" + image, platforms);
    }

    static void redirect(HttpExchange exchange, String location) throws IOException {
        RegistryProxy.respond(307, "", "Location", location).respond(exchange);
    }

}
