package dev.dejavu.registry;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Which registries the service may ask, and how.
 *
 * @param allowed {@code host} or {@code host:port} of each; a {@code *} matches one or
 * more labels of a name. One without {@code *} may have an internal address
 * @param plainHttp the allowed registries that speak HTTP without TLS
 * @param dockerConfig a Docker {@code config.json} with credentials
 * @param credentialHelpers the programs that the service may run for credentials: names
 * as in a Docker {@code config.json}, or absolute paths
 * @param timeout of one check, with all of its requests
 */
@ConfigurationProperties("dejavu.registry")
record RegistryProperties(@DefaultValue( {
        AllowList.WELL_KNOWN }) List<String> allowed, @DefaultValue List<String> plainHttp, @Nullable Path dockerConfig,
        @DefaultValue List<String> credentialHelpers, @DefaultValue("5s") Duration timeout){

    RegistryProperties {
        if (timeout.toMillis() < 1 || timeout.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.registry.timeout", timeout,
                    "must be from 1ms to 1m");
        }
        refuse("dejavu.registry.allowed", allowed);
        refuse("dejavu.registry.plain-http", plainHttp);
        for (String name : credentialHelpers) {
            if (!name.matches("(?:/(?:.*/)?docker-credential-)?[a-z0-9-]+")) {
                throw new InvalidConfigurationPropertyValueException("dejavu.registry.credential-helpers", name,
                        "must be a name, as in ecr-login, or an absolute path of a program docker-credential-…");
            }
        }
    }

    private static void refuse(String setting, List<String> hosts) {
        for (String host : hosts) {
            if (!host.matches("well-known|[\\[\\]a-zA-Z0-9.:*_-]+")) {
                throw new InvalidConfigurationPropertyValueException(setting, host,
                        "must be a host or host:port, as in registry.example.com:5000 or *.example.com");
            }
        }
    }

}
