package dev.dejavu.registry;

import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundles;
import tools.jackson.databind.json.JsonMapper;

/**
 * The settings {@code dejavu.registry.*}, bound as in the service.
 */
final class RegistrySettings {

    private RegistrySettings() {
    }

    /** A client with {@link #of these settings}. */
    static RegistryClient client(List<String> hosts, String... more) {
        return client(new DefaultSslBundleRegistry(), hosts, more);
    }

    /** A client with {@link #of these settings} and SSL bundles. */
    static RegistryClient client(SslBundles bundles, List<String> hosts, String... more) {
        return new RegistryClient(of(hosts, more), bundles, new JsonMapper(), Clock.systemUTC());
    }

    /**
     * Allows registries, over HTTP without TLS.
     * @param more names and values in turn, as in {@code timeout}; an empty value is none
     */
    static RegistryProperties of(List<String> hosts, String... more) {
        Map<String, String> values = new HashMap<>();
        values.put("allowed", String.join(",", hosts));
        values.put("plain-http", String.join(",", hosts));
        values.put("timeout", "1s");
        for (int i = 0; i < more.length; i += 2) {
            values.put(more[i], more[i + 1]);
        }
        Map<String, String> named = new HashMap<>();
        values.forEach((name, value) -> {
            if (!value.isEmpty()) {
                named.put("dejavu.registry." + name, value);
            }
        });
        return new Binder(new MapConfigurationPropertySource(named)).bind("dejavu.registry", RegistryProperties.class)
            .get();
    }

}
