package dev.dejavu.oidc;

import java.net.URI;
import java.net.http.HttpClient;
import java.text.ParseException;
import java.time.Duration;
import java.util.Map;

import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSetSource;
import com.nimbusds.jose.jwk.source.JWKSetUnavailableException;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientException;

/**
 * The keys of an issuer, found by its discovery document (OpenID Connect Discovery 1.0).
 */
final class OidcKeys implements JWKSetSource<SecurityContext> {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** How long keys are used without another request. */
    private static final Duration REFRESH_AFTER = Duration.ofMinutes(15);

    /** How long they are used while the issuer is unreachable. */
    private static final Duration EXPIRE_AFTER = Duration.ofHours(12);

    /** Between requests that tokens with unknown keys cause. */
    private static final Duration MIN_INTERVAL = Duration.ofSeconds(10);

    private static final ParameterizedTypeReference<Map<String, Object>> OBJECT = new ParameterizedTypeReference<>() {
    };

    private final URI issuer;

    private final RestClient http;

    private OidcKeys(URI issuer) {
        this.issuer = issuer;
        JdkClientHttpRequestFactory factory = new JdkClientHttpRequestFactory(
                HttpClient.newBuilder().connectTimeout(TIMEOUT).build());
        factory.setReadTimeout(TIMEOUT);
        this.http = RestClient.builder().requestFactory(factory).build();
    }

    static JWKSource<SecurityContext> of(URI issuer) {
        return of(issuer, REFRESH_AFTER, MIN_INTERVAL);
    }

    static JWKSource<SecurityContext> of(URI issuer, Duration fresh, Duration pause) {
        return JWKSourceBuilder.create(new OidcKeys(issuer))
            .cache(fresh.toMillis(), TIMEOUT.multipliedBy(3).toMillis())
            .refreshAheadCache(false)
            .rateLimited(pause.toMillis())
            .outageTolerant(EXPIRE_AFTER.toMillis())
            .build();
    }

    @Override
    public JWKSet getJWKSet(@Nullable JWKSetCacheRefreshEvaluator evaluator, long currentTime,
            @Nullable SecurityContext context) throws KeySourceException {
        try {
            String base = issuer.toString().replaceFirst("/$", "");
            Map<String, Object> description = http.get()
                .uri(URI.create(base + "/.well-known/openid-configuration"))
                .retrieve()
                .body(OBJECT);
            if (description == null || !issuer.toString().equals(description.get("issuer"))
                    || !(description.get("jwks_uri") instanceof String keys)) {
                throw new JWKSetUnavailableException("The issuer has no discovery document");
            }
            String set = http.get().uri(URI.create(keys)).retrieve().body(String.class);
            return JWKSet.parse((set != null) ? set : "");
        }
        catch (RestClientException | ParseException | IllegalArgumentException ex) {
            throw new JWKSetUnavailableException("The keys of the issuer are not available", ex);
        }
    }

    @Override
    public void close() {
        // holds nothing
    }

}
