package dev.dejavu.registry;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;

import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.Method;
import org.apache.hc.core5.http.io.HttpClientResponseHandler;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.springframework.boot.ssl.SslBundles;

/**
 * The connections to registries. A request is a request: nothing is followed or answered
 * here, and it is sent as it is.
 */
final class RegistryConnections implements AutoCloseable {

    /** An idle connection may be closed at the other end: to find out takes 1 ms. */
    private static final TimeValue VALIDATE_AFTER = TimeValue.ofMilliseconds(500);

    /** Of a connection, so that a registry that moves is found again. */
    private static final TimeValue MAX_AGE = TimeValue.ofMinutes(10);

    private final PoolingHttpClientConnectionManager pool;

    private final CloseableHttpClient client;

    private final AllowList allowed;

    private final DnsResolver resolver;

    private final ProxyRoutes routes;

    /**
     * No connections yet.
     * @param limit of a connection, and of an answer
     */
    private RegistryConnections(Duration limit, AllowList allowed, DnsResolver resolver, ProxyRoutes routes,
            RegistryTls tls) {
        this.allowed = allowed;
        this.resolver = resolver;
        this.routes = routes;
        Timeout timeout = Timeout.of(limit);
        this.pool = PoolingHttpClientConnectionManagerBuilder.create()
            .setDnsResolver(new ProxyResolver())
            .setTlsSocketStrategy(tls)
            .setDefaultConnectionConfig(ConnectionConfig.custom()
                .setConnectTimeout(timeout)
                .setValidateAfterInactivity(VALIDATE_AFTER)
                .setTimeToLive(MAX_AGE)
                .build())
            .setMaxConnPerRoute(16)
            .setMaxConnTotal(128)
            .build();
        this.client = HttpClients.custom()
            .setConnectionManager(pool)
            .setRequestExecutor(new RequestExecutor())
            .setRoutePlanner(routes)
            .setDefaultCredentialsProvider(routes)
            .setTargetAuthenticationStrategy((type, challenges, context) -> List.of())
            .setDefaultRequestConfig(
                    RequestConfig.custom().setResponseTimeout(timeout).setConnectionRequestTimeout(timeout).build())
            .disableRedirectHandling()
            .disableAutomaticRetries()
            .disableAuthCaching()
            .disableCookieManagement()
            .setUserAgent("dejavu")
            .build();
    }

    /**
     * No connections yet.
     * @param resolver for proxies, which need not be allowed
     */
    static RegistryConnections of(RegistryProperties properties, SslBundles bundles, AllowList allowed,
            DnsResolver resolver) {
        return new RegistryConnections(properties.timeout(), allowed, resolver,
                new ProxyRoutes(properties, System.getenv(), System.getProperties()),
                new RegistryTls(properties.sslBundle(), bundles));
    }

    /**
     * Sends a request; once more over a new connection, where the registry had closed the
     * one that was idle.
     * @throws IOException when there is no response
     */
    <T> T execute(HttpUriRequestBase request, HttpClientResponseHandler<T> handler) throws IOException {
        HttpHost target = new HttpHost(request.getScheme(), request.getAuthority());
        Proxy proxy = routes.proxyOf(target);
        if (proxy == null) {
            return executeTwice(request, handler);
        }
        allowed.requireExternalName(target.getHostName());
        try {
            return executeTwice(request, (response) -> handler.handleResponse(requireLogin(response, proxy)));
        }
        catch (UnknownHostException | ConnectException | ConnectTimeoutException ex) {
            throw new RegistryException(ImageStatus.Reason.PROXY_FAILED,
                    "the proxy " + proxy + " cannot be reached: " + ex.getMessage());
        }
    }

    private static ClassicHttpResponse requireLogin(ClassicHttpResponse response, Proxy proxy)
            throws RegistryException {
        if (response.getCode() == HttpStatus.SC_PROXY_AUTHENTICATION_REQUIRED) {
            throw new RegistryException(ImageStatus.Reason.PROXY_FAILED,
                    "the proxy " + proxy + " wants a login, or another one: HTTP 407");
        }
        return response;
    }

    private <T> T executeTwice(HttpUriRequestBase request, HttpClientResponseHandler<T> handler) throws IOException {
        HttpClientContext context = HttpClientContext.create();
        try {
            return client.execute(request, context, handler);
        }
        catch (IOException ex) {
            if (!Method.isSafe(request.getMethod()) || !RequestExecutor.wasClosedWhileIdle(context)
                    || Thread.currentThread().isInterrupted()) {
                throw ex;
            }
            // The next one in the pool may be closed as well.
            pool.closeIdle(TimeValue.ZERO_MILLISECONDS);
            return client.execute(request, handler);
        }
    }

    /** A proxy may have an internal address, anything else as it is allowed. */
    private final class ProxyResolver implements DnsResolver {

        @Override
        public List<InetSocketAddress> resolve(String host, int port) throws UnknownHostException {
            DnsResolver addresses = routes.isProxy(host, port) ? resolver : allowed;
            return addresses.resolve(host, port);
        }

        @Override
        public InetAddress[] resolve(String host) throws UnknownHostException {
            return allowed.resolve(host);
        }

        @Override
        public String resolveCanonicalHostname(String host) throws UnknownHostException {
            return allowed.resolveCanonicalHostname(host);
        }

    }

    @Override
    public void close() throws IOException {
        client.close();
    }

}
