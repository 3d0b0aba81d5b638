package dev.dejavu.registry;

import java.io.IOException;
import java.time.Duration;

import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.Method;
import org.apache.hc.core5.http.io.HttpClientResponseHandler;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.springframework.util.function.SingletonSupplier;

/**
 * The connections to registries. A request is a request: nothing is followed or answered
 * here, and it is sent as it is.
 */
final class RegistryConnections implements AutoCloseable {

    /** An idle connection may be closed at the other end: to find out takes 1 ms. */
    private static final TimeValue VALIDATE_AFTER = TimeValue.ofMilliseconds(500);

    /** Of a connection, so that a registry that moves is found again. */
    private static final TimeValue MAX_AGE = TimeValue.ofMinutes(10);

    /** Late, as the start does not have to wait for the certificates of authorities. */
    private final SingletonSupplier<TlsSocketStrategy> tls = SingletonSupplier
        .of(DefaultClientTlsStrategy::createDefault);

    private final PoolingHttpClientConnectionManager pool;

    private final CloseableHttpClient client;

    /**
     * No connections yet.
     * @param limit of a connection, and of an answer
     */
    RegistryConnections(Duration limit, DnsResolver addresses) {
        Timeout timeout = Timeout.of(limit);
        this.pool = PoolingHttpClientConnectionManagerBuilder.create()
            .setDnsResolver(addresses)
            .setTlsSocketStrategy((socket, host, port, attachment, context) -> tls.obtain()
                .upgrade(socket, host, port, attachment, context))
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
     * Sends a request; once more over a new connection, where the registry had closed the
     * one that was idle.
     * @throws IOException when there is no response
     */
    <T> T execute(HttpUriRequestBase request, HttpClientResponseHandler<T> handler) throws IOException {
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

    @Override
    public void close() throws IOException {
        client.close();
    }

}
