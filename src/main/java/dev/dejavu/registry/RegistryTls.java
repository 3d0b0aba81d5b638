package dev.dejavu.registry;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HttpsSupport;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.reactor.ssl.SSLBufferMode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.core.NestedExceptionUtils;

/**
 * TLS with registries. An SSL bundle gives the client certificate, and authorities that
 * are trusted besides those of Java: a company's registry has its own, and the same
 * service asks public ones.
 */
final class RegistryTls implements TlsSocketStrategy {

    private static final String SETTING = "dejavu.registry.ssl-bundle";

    private static final Logger log = LoggerFactory.getLogger(RegistryTls.class);

    /** {@code null} until it is needed: it takes time to read Java's authorities. */
    private volatile @Nullable TlsSocketStrategy strategy;

    RegistryTls(@Nullable String bundle, SslBundles bundles) {
        if (bundle != null) {
            if (!bundles.getBundleNames().contains(bundle)) {
                throw new InvalidConfigurationPropertyValueException(SETTING, bundle,
                        "must be the name of a bundle in spring.ssl.bundle.pem or spring.ssl.bundle.jks");
            }
            try {
                this.strategy = of(bundles.getBundle(bundle));
            }
            catch (GeneralSecurityException | IOException | RuntimeException ex) {
                throw new InvalidConfigurationPropertyValueException(SETTING, bundle,
                        "must be a bundle that can be read ("
                                + NestedExceptionUtils.getMostSpecificCause(ex).getMessage() + ")");
            }
            bundles.addBundleUpdateHandler(bundle, this::update);
        }
    }

    private void update(SslBundle bundle) {
        try {
            this.strategy = of(bundle);
        }
        catch (GeneralSecurityException | IOException | RuntimeException ex) {
            log.warn("{}: goes on with the one before, as the new one cannot be read: {}", SETTING,
                    NestedExceptionUtils.getMostSpecificCause(ex).getMessage());
        }
    }

    private static TlsSocketStrategy of(SslBundle bundle) throws GeneralSecurityException, IOException {
        SSLContext context = SSLContext.getInstance(bundle.getProtocol());
        context.init(bundle.getManagers().getKeyManagers(), trustManagers(bundle), null);
        SslOptions options = bundle.getOptions();
        return new DefaultClientTlsStrategy(context, options.getEnabledProtocols(), options.getCiphers(),
                SSLBufferMode.STATIC, HttpsSupport.getDefaultHostnameVerifier());
    }

    private static TrustManager[] trustManagers(SslBundle bundle) throws GeneralSecurityException, IOException {
        KeyStore both = KeyStore.getInstance(KeyStore.getDefaultType());
        both.load(null, null);
        for (X509Certificate authority : authorities(bundle)) {
            both.setCertificateEntry(String.valueOf(both.size()), authority);
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(both);
        return factory.getTrustManagers();
    }

    /** Those of Java and those of the bundle. */
    static List<X509Certificate> authorities(SslBundle bundle) throws GeneralSecurityException {
        TrustManagerFactory java = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        java.init((KeyStore) null);
        return Stream.concat(Stream.of(java.getTrustManagers()), Stream.of(bundle.getManagers().getTrustManagers()))
            .filter(X509TrustManager.class::isInstance)
            .flatMap((manager) -> Stream.of(((X509TrustManager) manager).getAcceptedIssuers()))
            .toList();
    }

    /** As {@code javax.net.ssl.*} say it, also with a key store. */
    private static TlsSocketStrategy ofJava() throws SSLException {
        try {
            return new DefaultClientTlsStrategy(SSLContext.getDefault());
        }
        catch (GeneralSecurityException ex) {
            throw new SSLException("javax.net.ssl.*: " + NestedExceptionUtils.getMostSpecificCause(ex).getMessage(),
                    ex);
        }
    }

    @Override
    public SSLSocket upgrade(Socket socket, String host, int port, @Nullable Object attachment, HttpContext context)
            throws IOException {
        TlsSocketStrategy current = strategy;
        if (current == null) {
            current = ofJava();
            this.strategy = current;
        }
        return current.upgrade(socket, host, port, attachment, context);
    }

}
