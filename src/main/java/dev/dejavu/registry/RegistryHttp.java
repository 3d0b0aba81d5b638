package dev.dejavu.registry;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.util.function.SingletonSupplier;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * HTTP with registries. Where it goes, be it by redirect or for a token, is decided here
 * and by the {@link AllowList}; credentials go to the registry they are for, and to the
 * token server that it names.
 *
 * @see <a href="https://distribution.github.io/distribution/spec/auth/token/">bearer
 * tokens</a>
 */
final class RegistryHttp implements AutoCloseable {

    private static final String ACCEPT = String.join(", ", "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json", "*/*;q=0.1");

    private static final int LARGEST = 4 << 20;

    private static final int MOST_REDIRECTS = 3;

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private static final Pattern PARAMETER = Pattern.compile("(\\w+)=\"([^\"]*)\"");

    private static final Pattern BEARER = Pattern.compile("(?i)\\bbearer\\s+(.*)");

    private static final Pattern BASIC = Pattern.compile("(?i)\\bbasic\\b");

    /** Tokens count for 60 s where nothing else is said. */
    private static final Duration TOKEN = Duration.ofSeconds(50);

    /**
     * To read the certificates of authorities takes time that the start can do without.
     */
    private final SingletonSupplier<TlsSocketStrategy> tls = SingletonSupplier
        .of(DefaultClientTlsStrategy::createDefault);

    private final CloseableHttpClient client;

    private final AllowList allowed;

    private final Set<String> plainHttp;

    private final DockerConfig credentials;

    private final JsonMapper json;

    private final Cache<String, String> authorizations = Caffeine.newBuilder()
        .maximumSize(10_000)
        .expireAfterWrite(TOKEN)
        .build();

    RegistryHttp(RegistryProperties properties, AllowList allowed, JsonMapper json) {
        this.allowed = allowed;
        this.plainHttp = properties.plainHttp()
            .stream()
            .map((host) -> host.toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
        this.credentials = new DockerConfig(properties.dockerConfig(), json);
        this.json = json;
        Timeout limit = Timeout.of(properties.timeout());
        this.client = HttpClients.custom()
            .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                .setDnsResolver(allowed)
                .setTlsSocketStrategy((socket, host, port, attachment, context) -> tls.obtain()
                    .upgrade(socket, host, port, attachment, context))
                .setDefaultConnectionConfig(ConnectionConfig.custom().setConnectTimeout(limit).build())
                .setMaxConnPerRoute(16)
                .setMaxConnTotal(128)
                .build())
            .setDefaultRequestConfig(
                    RequestConfig.custom().setResponseTimeout(limit).setConnectionRequestTimeout(limit).build())
            .disableRedirectHandling()
            .disableAutomaticRetries()
            .disableAuthCaching()
            .disableCookieManagement()
            .setUserAgent("dejavu")
            .build();
    }

    /**
     * Asks a registry about a repository, with what credentials there are.
     * @param method {@code HEAD} or {@code GET}
     * @param path behind {@code /v2/<name>/}
     * @throws IOException when there is no answer, or it leads where nobody may go
     */
    RegistryResponse ask(String method, ImageReference reference, String path) throws IOException {
        String key = reference.registry() + "/" + reference.apiName();
        URI uri = uri(scheme(reference.endpoint()) + "://" + reference.endpoint() + "/v2/" + reference.apiName() + "/"
                + path);
        String known = authorizations.getIfPresent(key);
        RegistryResponse reply = follow(method, uri, known);
        if (reply.status() == 401) {
            String authorization = authorization(reply, reference);
            if (authorization != null) {
                authorizations.put(key, authorization);
                return follow(method, uri, authorization);
            }
        }
        return reply;
    }

    private String scheme(String host) {
        return plainHttp.contains(host.toLowerCase(Locale.ROOT)) ? "http" : "https";
    }

    private static URI uri(String text) throws IOException {
        try {
            return new URI(text);
        }
        catch (URISyntaxException ex) {
            throw new IOException("No URI: " + text, ex);
        }
    }

    private RegistryResponse follow(String method, URI first, @Nullable String authorization) throws IOException {
        URI uri = first;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            boolean there = uri.getRawAuthority().equalsIgnoreCase(first.getRawAuthority());
            RegistryResponse reply = exchange(method, uri, there ? authorization : null);
            if (!there && reply.status() == 401) {
                throw new IOException(uri.getRawAuthority() + " wants to know who asks, and is not the registry");
            }
            String location = reply.headers().getFirst(HttpHeaders.LOCATION);
            if (!REDIRECTS.contains(reply.status()) || location == null) {
                return reply;
            }
            uri = permitted(uri.resolve(uri(location)), allowed::permitsBlob);
        }
        throw new IOException("Too many redirects");
    }

    /** Refuses to go where the registry must not send us. */
    private URI permitted(URI uri, Predicate<String> rule) throws IOException {
        String host = uri.getRawAuthority();
        boolean may = host != null && uri.getRawUserInfo() == null && rule.test(host)
                && scheme(host).equals(uri.getScheme());
        if (!may) {
            throw new IOException("Sent to " + uri.getScheme() + "://" + host + ", which is not allowed");
        }
        return uri;
    }

    private RegistryResponse exchange(String method, URI uri, @Nullable String authorization) throws IOException {
        HttpUriRequestBase request = new HttpUriRequestBase(method, uri);
        request.setHeader(HttpHeaders.ACCEPT, ACCEPT);
        if (authorization != null) {
            request.setHeader(HttpHeaders.AUTHORIZATION, authorization);
        }
        return client.execute(request, RegistryHttp::reply);
    }

    private static RegistryResponse reply(ClassicHttpResponse response) throws IOException {
        HttpHeaders headers = new HttpHeaders();
        for (Header header : response.getHeaders()) {
            headers.add(header.getName(), header.getValue());
        }
        byte[] body = {};
        HttpEntity entity = response.getEntity();
        if (entity != null) {
            try (InputStream stream = entity.getContent()) {
                body = stream.readNBytes(LARGEST + 1);
            }
        }
        if (body.length > LARGEST) {
            throw new IOException("More than " + LARGEST + " bytes");
        }
        return new RegistryResponse(response.getCode(), headers, body);
    }

    /**
     * What the registry wants to see.
     * @return {@code null} when we do not have it
     */
    private @Nullable String authorization(RegistryResponse reply, ImageReference reference) throws IOException {
        String basic = credentials.basic(reference.registry());
        boolean wantsBasic = false;
        for (String challenge : reply.headers().getOrEmpty(HttpHeaders.WWW_AUTHENTICATE)) {
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
        permitted(uri(realm), allowed::permitsToken);
        RegistryResponse reply = follow("GET", uri(realm + (realm.contains("?") ? "&" : "?") + query), basic);
        if (!reply.isOk()) {
            return null;
        }
        try {
            JsonNode answer = json.readTree(reply.body());
            String token = answer.path("token").asString(answer.path("access_token").asString(""));
            return token.isEmpty() ? null : "Bearer " + token;
        }
        catch (JacksonException ex) {
            throw new IOException("The token server's answer is no JSON", ex);
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        client.close();
    }

}
