package dev.dejavu.registry;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Gets bearer tokens from the token servers that registries name, and leaves one alone
 * while it asks for a pause.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/token/">with a
 * password</a>
 * @see <a href="https://distribution.github.io/distribution/spec/auth/oauth/">with a
 * refresh token</a>
 */
final class TokenServers {

    /**
     * Seconds. A token without a lifetime lives as long as the shortest, as for Docker.
     */
    private static final int MIN_LIFETIME = 60;

    private static final int MAX_LIFETIME = 3600;

    /** A token is not used in its last seconds. */
    private static final int MARGIN = 10;

    private static final int MAX_SCOPES = 10;

    private static final String TOKEN = "[\\x21-\\x7e]{1,65536}+";

    private final RegistryHttp http;

    private final JsonMapper json;

    private final Clock clock;

    /** When a token server may be asked again, by realm. */
    private final Cache<String, Instant> pauses = Caffeine.newBuilder().maximumSize(1000).build();

    TokenServers(RegistryHttp http, JsonMapper json, Clock clock) {
        this.http = http;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Gets a token to pull from a repository.
     * @param login {@code null} to ask as a stranger
     * @throws RegistryException with the reason why there is none
     */
    Authorization token(Challenge challenge, ImageReference reference, @Nullable Credentials login) throws IOException {
        String realm = challenge.parameter("realm");
        if (!realm.matches("(?i)https?://.*")) {
            throw new RegistryException(Reason.CHALLENGE_UNKNOWN,
                    "The registry wants a token, and its challenge names no token server as its realm");
        }
        URI server = http.tokenServer(realm, reference);
        requireNoPause(realm, server);
        try {
            RegistryResponse response = respond(realm, challenge, reference, login);
            return token(response, realm, server, login);
        }
        catch (RegistryException ex) {
            throw ex;
        }
        catch (IOException ex) {
            throw new RegistryException(Reason.TOKEN_SERVER_FAILED, "The token server " + server.getHost() + ": " + ex);
        }
    }

    private void requireNoPause(String realm, URI server) throws RegistryException {
        Instant until = pauses.getIfPresent(realm);
        Duration pause = (until != null) ? Duration.between(clock.instant(), until) : Duration.ZERO;
        if (pause.isPositive()) {
            throw busy(server, pause);
        }
    }

    private static RegistryException busy(URI server, Duration pause) {
        return new RegistryException(Reason.TOKEN_SERVER_BUSY,
                "The token server " + server.getHost() + " asks for a pause of " + pause.toSeconds() + " s", pause);
    }

    /**
     * The scopes of the challenge, as only the registry knows what it calls a repository,
     * and the repository's own, unless they are the same.
     */
    private static Set<String> scopes(Challenge challenge, ImageReference reference) {
        Set<String> scopes = new LinkedHashSet<>();
        for (String scope : challenge.parameter("scope").split("\\s+", MAX_SCOPES + 1)) {
            if (!scope.isEmpty() && scopes.size() < MAX_SCOPES) {
                scopes.add(scope);
            }
        }
        String own = "repository:" + reference.apiName() + ":";
        if (scopes.stream()
            .noneMatch((scope) -> scope.startsWith(own) && scope.matches(".*[:,](?:pull|\\*)(?:,.*)?"))) {
            scopes.add(own + "pull");
        }
        return scopes;
    }

    private RegistryResponse respond(String realm, Challenge challenge, ImageReference reference,
            @Nullable Credentials login) throws IOException {
        Set<String> scopes = scopes(challenge, reference);
        String service = challenge.parameter("service");
        String parameters = service.isEmpty() ? "" : "service=" + encode(service) + "&";
        if (login != null && login.isRefreshToken()) {
            RegistryResponse response = http.post(http.tokenServer(realm, reference),
                    parameters + "scope=" + encode(String.join(" ", scopes)) + "&client_id=dejavu"
                            + "&grant_type=refresh_token&refresh_token=" + encode(login.password()));
            if (response.status() != 404 && response.status() != 405) {
                return response;
            }
        }
        parameters += scopes.stream().map((scope) -> "scope=" + encode(scope)).collect(Collectors.joining("&"));
        return http.send("GET", http.tokenServer(realm + (realm.contains("?") ? "&" : "?") + parameters, reference),
                (login != null) ? login.basic() : null);
    }

    private Authorization token(RegistryResponse response, String realm, URI server, @Nullable Credentials login)
            throws RegistryException {
        int status = response.status();
        if (status == 429 || (status == 503 && response.headers().containsHeader(HttpHeaders.RETRY_AFTER))) {
            Duration pause = response.retryAfter(clock.instant());
            pauses.put(realm, clock.instant().plus(pause));
            throw busy(server, pause);
        }
        if (status == 401 || status == 403) {
            throw refused(status, server, login != null);
        }
        if (status / 100 != 2 || (login != null && !response.isFromAskedHost())) {
            throw failed(server, "HTTP " + status + " from " + response.uri().getHost());
        }
        return read(response, server);
    }

    /** GitLab and GHCR know a login, and say 403 of what it may not see. */
    private static RegistryException refused(int status, URI server, boolean hasLogin) {
        String host = "The token server " + server.getHost();
        if (!hasLogin) {
            return new RegistryException(Reason.LOGIN_MISSING,
                    host + " gives strangers no token: HTTP " + status + ", and no login is configured");
        }
        return (status == 401)
                ? new RegistryException(Reason.LOGIN_REFUSED, host + " refused the login: HTTP " + status)
                : new RegistryException(Reason.FORBIDDEN, host + " gives the login no token for the repository, "
                        + "which it may not read, or which is not there: HTTP " + status);
    }

    private Authorization read(RegistryResponse response, URI server) throws RegistryException {
        try {
            JsonNode body = json.readTree(response.body());
            String token = body.path("token").stringValue("");
            if (token.isEmpty()) {
                token = body.path("access_token").stringValue("");
            }
            if (!token.matches(TOKEN)) {
                throw failed(server, "no token");
            }
            long lifetime = Math.clamp(body.path("expires_in").asLong(0), MIN_LIFETIME, MAX_LIFETIME);
            return new Authorization("Bearer " + token, Duration.ofSeconds(lifetime - MARGIN));
        }
        catch (JacksonException ex) {
            throw failed(server, "no JSON");
        }
    }

    private static RegistryException failed(URI server, String detail) {
        return new RegistryException(Reason.TOKEN_SERVER_FAILED,
                "The token server " + server.getHost() + " gave no token: " + detail);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

}
