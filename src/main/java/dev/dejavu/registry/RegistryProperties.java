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
 * @param proxy the URL of a proxy, or {@code none}; by default that of Java or of the
 * environment, if there is one
 * @param noProxy hosts, domains and networks that are asked without a proxy
 * @param sslBundle the name of an SSL bundle: a client certificate, and authorities
 * besides those of Java
 * @param dockerHubMirror a registry that has copies of Docker Hub's images:
 * {@code host[:port][/path]}
 * @param timeout of one check, with all of its requests
 */
@ConfigurationProperties("dejavu.registry")
record RegistryProperties(@DefaultValue( {
        AllowList.WELL_KNOWN }) List<String> allowed, @DefaultValue List<String> plainHttp, @Nullable Path dockerConfig,
        @DefaultValue List<String> credentialHelpers, @Nullable String proxy, @DefaultValue List<String> noProxy,
        @Nullable String sslBundle, @Nullable String dockerHubMirror, @DefaultValue("5s") Duration timeout){

    RegistryProperties {
        if (timeout.toMillis() < 1 || timeout.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new InvalidConfigurationPropertyValueException("dejavu.registry.timeout", timeout,
                    "must be from 1ms to 1m");
        }
        refuse("dejavu.registry.allowed", allowed);
        proxy = (proxy == null || proxy.isBlank()) ? null : proxy.strip();
        sslBundle = (sslBundle == null || sslBundle.isBlank()) ? null : sslBundle;
        requireProxy(proxy, noProxy);
        dockerHubMirror = (dockerHubMirror == null || dockerHubMirror.isBlank()) ? null : dockerHubMirror.strip();
        if (dockerHubMirror != null && DockerHubMirror.parse(dockerHubMirror) == null) {
            throw new InvalidConfigurationPropertyValueException("dejavu.registry.docker-hub-mirror", dockerHubMirror,
                    "must be host, host:port or either with a path, as in mirror.example.com/docker-remote");
        }
        refuse("dejavu.registry.plain-http", plainHttp);
        for (String name : credentialHelpers) {
            if (!name.matches("(?:/(?:.*/)?docker-credential-)?[a-z0-9-]+")) {
                throw new InvalidConfigurationPropertyValueException("dejavu.registry.credential-helpers", name,
                        "must be a name, as in ecr-login, or an absolute path of a program docker-credential-…");
            }
        }
    }

    @Nullable DockerHubMirror mirror() {
        return (dockerHubMirror != null) ? DockerHubMirror.parse(dockerHubMirror) : null;
    }

    private static void requireProxy(@Nullable String proxy, List<String> noProxy) {
        try {
            if (proxy != null && !proxy.equals(ProxyRoutes.NONE)) {
                Proxy.parse(proxy, "", NoProxy.NONE);
            }
        }
        catch (IllegalArgumentException ex) {
            // The value may have a password.
            throw new InvalidConfigurationPropertyValueException("dejavu.registry.proxy", "…",
                    "must be a URL as in http://proxy.example.com:3128, or none");
        }
        try {
            NoProxy.of(noProxy);
        }
        catch (IllegalArgumentException ex) {
            throw new InvalidConfigurationPropertyValueException("dejavu.registry.no-proxy", noProxy,
                    "must have hosts, domains and networks as in example.com, .example.com or 10.0.0.0/8");
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

    /** So that no log has the password of a proxy by accident. */
    @Override
    public String toString() {
        return "allowed " + allowed;
    }

}
