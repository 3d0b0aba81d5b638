package dev.dejavu.startup;

import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;

import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * The container's health check of a service with TLS, whatever its certificate: it asks
 * its own machine. A program of its own, without Spring.
 */
public final class HealthCheck {

    private static final int TIMEOUT = 4000;

    private HealthCheck() {
    }

    /**
     * Ends with 0 if the service answers 200, else with 1.
     * @param arguments the URL
     */
    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, new TrustManager[] { new AnyCertificate() }, null);
        HttpsURLConnection connection = (HttpsURLConnection) URI.create(arguments[0]).toURL().openConnection();
        connection.setSSLSocketFactory(tls.getSocketFactory());
        connection.setHostnameVerifier((host, session) -> true);
        connection.setConnectTimeout(TIMEOUT);
        connection.setReadTimeout(TIMEOUT);
        System.exit((connection.getResponseCode() == 200) ? 0 : 1);
    }

    private static final class AnyCertificate implements X509TrustManager {

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {
            // There are none.
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {
            // It is this machine.
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }

    }

}
