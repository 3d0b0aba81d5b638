package dev.dejavu.oidc;

import java.net.URI;
import java.text.ParseException;
import java.time.Duration;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import org.jspecify.annotations.Nullable;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientException;

/**
 * The keys of an issuer, found by its discovery document (OpenID Connect Discovery 1.0).
 */
final class OidcKeys implements JWKSetSource<SecurityContext> {

    /** How long keys are used without another request. */
    private static final Duration REFRESH_AFTER = Duration.ofMinutes(15);

    /** How long they are used while the issuer is unreachable. */
    private static final Duration EXPIRE_AFTER = Duration.ofHours(12);

    /** Between requests that tokens with unknown keys cause. */
    private static final Duration MIN_INTERVAL = Duration.ofSeconds(10);

    private final Discovery discovery;

    private final RestClient http = Discovery.http().build();

    private OidcKeys(URI issuer) {
        this.discovery = new Discovery(issuer);
    }

    static JWKSource<SecurityContext> of(URI issuer) {
        return of(issuer, REFRESH_AFTER, MIN_INTERVAL);
    }

    static JWKSource<SecurityContext> of(URI issuer, Duration fresh, Duration pause) {
        return JWKSourceBuilder.create(new OidcKeys(issuer))
            .cache(fresh.toMillis(), Discovery.TIMEOUT.multipliedBy(3).toMillis())
            .refreshAheadCache(false)
            .rateLimited(pause.toMillis())
            .outageTolerant(EXPIRE_AFTER.toMillis())
            .build();
    }

    @Override
    public JWKSet getJWKSet(@Nullable JWKSetCacheRefreshEvaluator evaluator, long currentTime,
            @Nullable SecurityContext context) throws KeySourceException {
        try {
            URI keys = Discovery.address(discovery.read(), "jwks_uri");
            String set = http.get().uri(keys).retrieve().body(String.class);
            return JWKSet.parse((set != null) ? set : "");
        }
        catch (RestClientException | ParseException ex) {
            throw new JWKSetUnavailableException("The keys of the issuer are not available", ex);
        }
    }

    @Override
    public void close() {
        // holds nothing
    }

}
