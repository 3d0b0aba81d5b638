package dev.dejavu.registry;

import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * What a 404 proves. Some registries tell a stranger that a private image does not exist,
 * also one who shows a token: their token servers have one for everybody. So a stranger
 * is believed to be told the truth only by a registry that asks nobody for a login, or
 * about a repository whose list of tags it shows to strangers.
 */
final class AbsenceProof {

    /** Quay's word for a tag that once was there, of which it tells nobody else. */
    private static final Set<String> TAG_EXPIRED = Set.of("TAG_EXPIRED");

    /** Artifactory lets strangers in at {@code /v2/} and may hide repositories. */
    private static final String ARTIFACTORY = "X-JFrog-Version";

    private final RegistryHttp http;

    private final JsonMapper json;

    private final Clock clock;

    /** Registries that let strangers in. */
    private final Cache<String, Boolean> open = Caffeine.newBuilder()
        .maximumSize(1000)
        .expireAfterWrite(1, TimeUnit.MINUTES)
        .build();

    AbsenceProof(RegistryHttp http, JsonMapper json, Clock clock) {
        this.http = http;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Returns a response whose 404, if it has one, no login would have changed. That of a
     * HEAD proves nothing and is returned as it is.
     * @param asked where the request was sent
     * @param login that was shown; {@code null} for none
     * @param shown what a stranger had to show; {@code null} for nothing
     * @throws RegistryException when a login might have changed it
     */
    RegistryResponse require(String method, RegistryResponse response, ImageReference reference, URI asked,
            @Nullable Credentials login, @Nullable Authorization shown) throws IOException {
        if (!method.equals("GET")) {
            return response;
        }
        if (login == null && response.status() == 403) {
            throw missing("HTTP 403 to whoever has no login");
        }
        if (login == null && response.status() == 404) {
            requireNotHidden(response, reference, asked, shown);
        }
        if (login != null && response.status() == 404 && !response.isFromAskedHost()) {
            throw new RegistryException(Reason.NOT_FOUND_UNPROVEN,
                    "HTTP 404 from " + response.uri().getHost() + ", which is not shown the login");
        }
        return response;
    }

    private void requireNotHidden(RegistryResponse response, ImageReference reference, URI asked,
            @Nullable Authorization shown) throws IOException {
        if (response.errorCodes(json).equals(TAG_EXPIRED)) {
            return;
        }
        boolean mayHide = shown != null || response.headers().containsHeader(ARTIFACTORY);
        int atRoot = mayHide ? 401 : statusAtRoot(asked);
        if (atRoot == 200) {
            return;
        }
        RegistryResponse tags = ask(http.uri(reference, "tags/list?n=1"), shown);
        if (tags.status() == 200 && tags.isFromAskedHost()) {
            return;
        }
        String detail = "HTTP 404 to a stranger proves nothing, as it ";
        if (atRoot == 401 || atRoot == 403) {
            throw missing(detail + "may hide the repository: HTTP " + tags.status() + " for its list of tags");
        }
        throw new RegistryException(Reason.NOT_FOUND_UNPROVEN,
                detail + "does not say HTTP 200 at /v2/: HTTP " + atRoot);
    }

    /** 0 for an answer of another host. */
    private int statusAtRoot(URI asked) throws IOException {
        if (open.getIfPresent(asked.getRawAuthority()) != null) {
            return 200;
        }
        RegistryResponse root = askAtRoot(asked);
        if (root.status() == 200 && root.isFromAskedHost()) {
            open.put(asked.getRawAuthority(), true);
            return 200;
        }
        return (root.status() == 200) ? 0 : root.status();
    }

    /**
     * What a registry tells a stranger at {@code /v2/}.
     * @param uri of anything in it
     */
    RegistryResponse askAtRoot(URI uri) throws IOException {
        return ask(uri.resolve("/v2/"), null);
    }

    private RegistryResponse ask(URI uri, @Nullable Authorization shown) throws IOException {
        RegistryResponse response = http.send("GET", uri, (shown != null) ? shown.value() : null);
        if (response.status() == 429 || response.status() >= 500) {
            throw new RegistryException(response.reason(), "HTTP " + response.status() + " at " + uri.getRawPath(),
                    response.retryAfter(clock.instant()));
        }
        return response;
    }

    private static RegistryException missing(String detail) {
        return new RegistryException(Reason.LOGIN_MISSING, "No login is configured for the registry: " + detail);
    }

}
