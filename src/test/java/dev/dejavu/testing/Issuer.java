package dev.dejavu.testing;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;

/**
 * An OpenID Connect issuer on loopback.
 */
public final class Issuer implements AutoCloseable {

    private final HttpServer server;

    private final AtomicInteger requests = new AtomicInteger();

    private volatile RSAKey key = newKey();

    private volatile boolean unavailable;

    private final String host;

    public Issuer() {
        this("127.0.0.1");
    }

    /** An issuer that goes by a name of this machine. */
    Issuer(String host) {
        this.host = host;
        this.server = Loopback.httpServer(0);
        serve("/.well-known/openid-configuration", () -> """
                {"issuer":"%1$s","jwks_uri":"%1$s/keys","authorization_endpoint":"%1$s/authorize",
                "token_endpoint":"%1$s/token"}""".formatted(uri()));
        serve("/keys", () -> new JWKSet(key.toPublicJWK()).toString());
        server.start();
    }

    private void serve(String path, java.util.function.Supplier<String> body) {
        server.createContext(path, (exchange) -> {
            requests.incrementAndGet();
            byte[] bytes = body.get().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(unavailable ? 503 : 200, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
    }

    /** Answers more paths. */
    void handle(String path, HttpHandler handler) {
        server.createContext(path, handler);
    }

    public String uri() {
        return "http://" + host + ":" + server.getAddress().getPort();
    }

    /** The number of requests so far. */
    public int requests() {
        return requests.get();
    }

    public void setUnavailable(boolean unavailable) {
        this.unavailable = unavailable;
    }

    /** Signs with a new key from now on. */
    public void rotate() {
        this.key = newKey();
    }

    /** A token that is valid for an hour. */
    public String token(String audience, Map<String, Object> claims) {
        return token(uri(), audience, Instant.now().plus(Duration.ofHours(1)), claims, key);
    }

    /** A token that lives for as long as that. */
    public String token(String audience, Map<String, Object> claims, Duration lifetime) {
        return token(uri(), audience, Instant.now().plus(lifetime), claims, key);
    }

    public String expired(String audience, Map<String, Object> claims) {
        return token(uri(), audience, Instant.now().minus(Duration.ofHours(1)), claims, key);
    }

    /** A token signed with a key that is not of the issuer. */
    public String forged(String audience, Map<String, Object> claims) {
        return token(uri(), audience, Instant.now().plus(Duration.ofHours(1)), claims, newKey());
    }

    /** A token that names another issuer. */
    public String fromIssuer(String issuer, String audience, Map<String, Object> claims) {
        return token(issuer, audience, Instant.now().plus(Duration.ofHours(1)), claims, key);
    }

    private static String token(String issuer, String audience, Instant expiry, Map<String, Object> claims,
            RSAKey key) {
        JWTClaimsSet.Builder set = new JWTClaimsSet.Builder().issuer(issuer)
            .audience(audience)
            .expirationTime(Date.from(expiry));
        claims.forEach(set::claim);
        SignedJWT jwt = new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(),
                set.build());
        try {
            jwt.sign(new RSASSASigner(key));
        }
        catch (JOSEException ex) {
            throw new IllegalStateException(ex);
        }
        return jwt.serialize();
    }

    private static RSAKey newKey() {
        try {
            return new RSAKeyGenerator(2048).keyIDFromThumbprint(true).generate();
        }
        catch (JOSEException ex) {
            throw new IllegalStateException(ex);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }

}
