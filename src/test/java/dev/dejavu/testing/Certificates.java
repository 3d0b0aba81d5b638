package dev.dejavu.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A key and its self-signed certificate, which is its own authority.
 *
 * @param store a PKCS #12 file with the password {@link #PASSWORD}
 */
public record Certificates(Path store) {

    public static final String PASSWORD = "changeit";

    /**
     * Makes a key and a certificate for a name.
     * @param alternativeNames as in {@code dns:a.example.com,ip:127.0.0.1}
     */
    public static Certificates create(Path folder, String name, String alternativeNames) {
        Path file = folder.resolve(name + ".p12");
        try {
            Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                    "-genkeypair", "-alias", name, "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=" + name,
                    "-ext", "san=" + alternativeNames, "-ext", "bc=ca:true", "-keystore", file.toString(), "-storetype",
                    "PKCS12", "-storepass", PASSWORD)
                .inheritIO()
                .start();
            if (keytool.waitFor() != 0) {
                throw new IllegalStateException("keytool failed");
            }
            return new Certificates(file);
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    /** For a server with this key, which trusts clients with the other one. */
    public SSLContext server(Certificates trustedClient) {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(read(), PASSWORD.toCharArray());
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("client", trustedClient.read().getCertificate(trustedClient.alias()));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        }
        catch (GeneralSecurityException | IOException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private KeyStore read() throws GeneralSecurityException, IOException {
        return KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
    }

    private String alias() throws GeneralSecurityException, IOException {
        return read().aliases().nextElement();
    }

    /** Of the certificate. */
    public String certificatePem() {
        try {
            return pem("CERTIFICATE", read().getCertificate(alias()).getEncoded());
        }
        catch (GeneralSecurityException | IOException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** Of the private key. */
    public String keyPem() {
        try {
            return pem("PRIVATE KEY", read().getKey(alias(), PASSWORD.toCharArray()).getEncoded());
        }
        catch (GeneralSecurityException | IOException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** A file with a PEM. */
    public static Path write(Path file, String pem) {
        try {
            return Files.writeString(file, pem);
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static String pem(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n" + Base64.getMimeEncoder(64, new byte[] { '\n' }).encodeToString(der)
                + "\n-----END " + type + "-----\n";
    }

}
