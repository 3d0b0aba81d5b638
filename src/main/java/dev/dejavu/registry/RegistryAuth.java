package dev.dejavu.registry;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Requests to registries, with the credentials that they challenge for. A password goes
 * to the registry that it is for, and to the token server that this registry names.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/token/">bearer
 * tokens</a>
 */
final class RegistryAuth {

    private static final Pattern PARAMETER = Pattern.compile("(\\w+)=\"([^\"]*)\"");

    private static final Pattern BEARER = Pattern.compile("(?i)\\bbearer\\s+(.*)");

    private static final Pattern BASIC = Pattern.compile("(?i)\\bbasic\\b");

    /** Tokens are valid for 60 s by default. */
    private static final Duration TOKEN_TTL = Duration.ofSeconds(50);

    private final RegistryHttp http;

    private final CredentialStore credentials;

    private final JsonMapper json;

    /** Values of {@code Authorization} by repository. */
    private final Cache<String, String> authorizations = Caffeine.newBuilder()
        .maximumSize(10_000)
        .expireAfterWrite(TOKEN_TTL)
        .build();

    RegistryAuth(RegistryHttp http, CredentialStore credentials, JsonMapper json) {
        this.http = http;
        this.credentials = credentials;
        this.json = json;
    }

    /**
     * Sends a request about a repository.
     * @param method {@code HEAD} or {@code GET}
     * @param path behind {@code /v2/<name>/}
     * @throws IOException when there is no response, or it leads to a host that is not
     * allowed
     */
    RegistryResponse send(String method, ImageReference reference, String path) throws IOException {
        URI uri = http.uri(reference, path);
        RegistryResponse response = http.send(method, uri, authorizations.getIfPresent(reference.repository()));
        if (response.status() == 401) {
            String authorization = authorization(response, reference);
            if (authorization != null) {
                authorizations.put(reference.repository(), authorization);
                return http.send(method, uri, authorization);
            }
        }
        return response;
    }

    /**
     * Answers the challenge of a registry.
     * @return {@code null} when there are no such credentials
     */
    private @Nullable String authorization(RegistryResponse response, ImageReference reference) throws IOException {
        Credentials login = credentials.find(reference);
        String basic = (login != null) ? login.basic() : null;
        boolean wantsBasic = false;
        for (String challenge : response.headers().getOrEmpty(HttpHeaders.WWW_AUTHENTICATE)) {
            Matcher bearer = BEARER.matcher(challenge);
            if (bearer.find()) {
                return bearer(bearer.group(1), reference, basic);
            }
            wantsBasic |= BASIC.matcher(challenge).find();
        }
        return wantsBasic ? basic : null;
    }

    private @Nullable String bearer(String challenge, ImageReference reference, @Nullable String basic)
            throws IOException {
        Map<String, String> parameters = new HashMap<>();
        PARAMETER.matcher(challenge)
            .results()
            .forEach((parameter) -> parameters.putIfAbsent(parameter.group(1).toLowerCase(Locale.ROOT),
                    parameter.group(2)));
        String realm = parameters.get("realm");
        if (realm == null) {
            return null;
        }
        String query = "scope=" + encode("repository:" + reference.apiName() + ":pull");
        String service = parameters.get("service");
        if (service != null) {
            query = "service=" + encode(service) + "&" + query;
        }
        RegistryResponse response = http.send("GET", http.tokenServer(realm, query), basic);
        return response.isOk() ? token(response) : null;
    }

    private @Nullable String token(RegistryResponse response) throws IOException {
        try {
            JsonNode body = json.readTree(response.body());
            String token = body.path("token").asString(body.path("access_token").asString(""));
            return token.isEmpty() ? null : "Bearer " + token;
        }
        catch (JacksonException ex) {
            throw new RegistryException(ImageStatus.Reason.TOKEN_SERVER_FAILED, "The token server's answer is no JSON");
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

}
