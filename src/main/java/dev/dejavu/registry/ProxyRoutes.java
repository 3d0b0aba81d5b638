package dev.dejavu.registry;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Stream;

import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.Credentials;
import org.apache.hc.client5.http.auth.CredentialsProvider;
import org.apache.hc.client5.http.impl.routing.DefaultRoutePlanner;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which registries are asked through a proxy. The setting decides for all of them; else
 * Java's properties and then the usual variables of the environment, each for HTTP and
 * for HTTPS. This machine itself is always asked directly.
 */
final class ProxyRoutes extends DefaultRoutePlanner implements CredentialsProvider {

    /** In the setting: no proxy, whatever else says. */
    static final String NONE = "none";

    private static final Logger log = LoggerFactory.getLogger(ProxyRoutes.class);

    /** By the scheme of the registry. */
    private final Map<String, Proxy> proxies = new HashMap<>();

    /** Holds for all proxies. */
    private final NoProxy direct;

    ProxyRoutes(RegistryProperties properties, Map<String, String> environment, Properties java) {
        super(null);
        this.direct = NoProxy.of(properties.noProxy());
        for (String scheme : List.of("http", "https")) {
            Proxy proxy = find(scheme, properties.proxy(), environment, java);
            if (proxy != null) {
                proxies.put(scheme, proxy);
            }
        }
        new LinkedHashSet<>(proxies.values())
            .forEach((proxy) -> log.info("Asks registries through the proxy {} of {}", proxy, proxy.source()));
    }

    private static @Nullable Proxy find(String scheme, @Nullable String setting, Map<String, String> environment,
            Properties java) {
        if (setting != null) {
            return setting.equals(NONE) ? null : Proxy.parse(setting, "dejavu.registry.proxy", NoProxy.NONE);
        }
        String host = java.getProperty(scheme + ".proxyHost", "");
        if (!host.isEmpty()) {
            String port = java.getProperty(scheme + ".proxyPort", scheme.equals("https") ? "443" : "80");
            return usable(host + ":" + port, scheme + ".proxyHost",
                    NoProxy.ofJava(java.getProperty("http.nonProxyHosts", "")));
        }
        return Stream.of(scheme + "_proxy", "all_proxy")
            .flatMap((name) -> Stream.of(name.toUpperCase(Locale.ROOT), name))
            .filter((name) -> !environment.getOrDefault(name, "").isEmpty())
            .findFirst()
            .map((name) -> usable(environment.getOrDefault(name, ""), name, noProxy(environment)))
            .orElse(null);
    }

    /** A variable may be meant for other programs, so the start does not fail. */
    private static @Nullable Proxy usable(String url, String source, NoProxy exceptions) {
        try {
            return Proxy.parse(url, source, exceptions);
        }
        catch (IllegalArgumentException ex) {
            log.warn("The proxy of {} is not used for registries, as it is no http:// or https:// URL", source);
            return null;
        }
    }

    private static NoProxy noProxy(Map<String, String> environment) {
        String list = Stream.of("NO_PROXY", "no_proxy")
            .map((name) -> environment.getOrDefault(name, ""))
            .filter((text) -> !text.isEmpty())
            .findFirst()
            .orElse("");
        try {
            return NoProxy.of(List.of(list.split("[,\\s]+")));
        }
        catch (IllegalArgumentException ex) {
            log.warn("NO_PROXY is not obeyed, as a network in it is none");
            return NoProxy.NONE;
        }
    }

    /** The proxy on the way to a registry, if there is one. */
    @Nullable Proxy proxyOf(HttpHost target) {
        String host = target.getHostName();
        int port = (target.getPort() >= 0) ? target.getPort() : target.getSchemeName().equals("https") ? 443 : 80;
        Proxy proxy = proxies.get(target.getSchemeName());
        return (proxy == null || isThisMachine(host) || direct.matches(host, port)
                || proxy.exceptions().matches(host, port)) ? null : proxy;
    }

    private static boolean isThisMachine(String host) {
        InetAddress address = HostPattern.address(host.replaceAll("^\\[|]$", ""));
        return (address != null) ? address.isLoopbackAddress() || address.isAnyLocalAddress()
                : host.equals("localhost") || host.endsWith(".localhost");
    }

    /** Whether it is a proxy of these, which may have an internal address. */
    boolean isProxy(String host, int port) {
        return proxies.values()
            .stream()
            .map(Proxy::host)
            .anyMatch((proxy) -> proxy.getHostName().equalsIgnoreCase(host) && proxy.getPort() == port);
    }

    @Override
    protected @Nullable HttpHost determineProxy(HttpHost target, HttpContext context) {
        Proxy proxy = proxyOf(target);
        return (proxy != null) ? proxy.host() : null;
    }

    /** The login of a proxy, for that proxy alone. */
    @Override
    public @Nullable Credentials getCredentials(AuthScope scope, HttpContext context) {
        return proxies.values()
            .stream()
            .filter((proxy) -> proxy.host().getHostName().equalsIgnoreCase(scope.getHost())
                    && proxy.host().getPort() == scope.getPort())
            .map(Proxy::login)
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null);
    }

}
