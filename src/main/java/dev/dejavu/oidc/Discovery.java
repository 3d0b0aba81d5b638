package dev.dejavu.oidc;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Map;

import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientException;

/**
 * The discovery document of an issuer (OpenID Connect Discovery 1.0).
 */
public final class Discovery {

    static final Duration TIMEOUT = Duration.ofSeconds(2);

    private static final ParameterizedTypeReference<Map<String, Object>> OBJECT = new ParameterizedTypeReference<>() {
    };

    private final URI issuer;

    private final RestClient http;

    /**
     * A document that is read later.
     * @param issuer as it names itself there
     */
    public Discovery(URI issuer) {
        this.issuer = issuer;
        this.http = http().build();
    }

    /** Clients of issuers: none waits for one of them for more than seconds. */
    public static RestClient.Builder http() {
        JdkClientHttpRequestFactory factory = new JdkClientHttpRequestFactory(
                HttpClient.newBuilder().connectTimeout(TIMEOUT).build());
        factory.setReadTimeout(TIMEOUT);
        return RestClient.builder().requestFactory(factory);
    }

    /**
     * Fetches the document.
     * @throws RestClientException when the issuer does not answer with one of its own
     */
    public Map<String, Object> read() {
        Map<String, Object> document = http.get()
            .uri(URI.create(issuer.toString().replaceFirst("/$", "") + "/.well-known/openid-configuration"))
            .retrieve()
            .body(OBJECT);
        if (document == null || !issuer.toString().equals(document.get("issuer"))) {
            throw new RestClientException("The issuer has no discovery document");
        }
        return document;
    }

    /**
     * The address that the document has under a name.
     * @throws RestClientException when there is none that may be used
     */
    public static URI address(Map<String, Object> document, String name) {
        try {
            if (document.get(name) instanceof String address && OidcDecoder.isIssuer(URI.create(address))) {
                return URI.create(address);
            }
        }
        catch (IllegalArgumentException ex) {
            // as one that is missing
        }
        throw new RestClientException("The discovery document of the issuer has no usable " + name);
    }

}
