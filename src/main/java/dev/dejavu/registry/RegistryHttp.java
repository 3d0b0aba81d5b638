package dev.dejavu.registry;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Set;
import java.util.function.Predicate;

import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * HTTP with registries. Where a request goes, also by a redirect, is decided here and by
 * the {@link AllowList}; credentials go to the host alone that they are sent to first.
 */
final class RegistryHttp implements AutoCloseable {

    private static final String ACCEPT = String.join(", ", "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json", "*/*;q=0.1");

    private static final int MAX_REDIRECTS = 3;

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private final RegistryConnections connections;

    private final AllowList allowed;

    private final RegistryNames names;

    RegistryHttp(RegistryConnections connections, AllowList allowed, RegistryNames names) {
        this.connections = connections;
        this.allowed = allowed;
        this.names = names;
    }

    /**
     * The URI of something in a repository.
     * @param path behind {@code /v2/<name>/}
     */
    URI uri(ImageReference reference, String path) throws IOException {
        String host = reference.endpoint();
        return uri(names.scheme(host) + "://" + host + "/v2/" + reference.apiName() + "/" + path);
    }

    private static URI uri(String text) throws IOException {
        try {
            return new URI(text);
        }
        catch (URISyntaxException ex) {
            throw new RegistryException(ImageStatus.Reason.UNEXPECTED_ANSWER, "It leads to what is no URI");
        }
    }

    /** The URI of a token server, if the registry may send us there. */
    URI tokenServer(String realm, ImageReference reference) throws IOException {
        return requireAllowed(uri(realm), (host) -> isSame(host, reference.endpoint()) || allowed.permitsToken(host));
    }

    private boolean isSame(String host, String other) {
        return names.canonical(host).equals(names.canonical(other));
    }

    /**
     * Posts a form to a token server. It has secrets, so no redirect is followed.
     * @param form URL-encoded
     */
    RegistryResponse post(URI uri, String form) throws IOException {
        return exchange("POST", uri, true, null, new StringEntity(form, ContentType.APPLICATION_FORM_URLENCODED));
    }

    /**
     * Sends a request and follows redirects.
     * @param method {@code HEAD} or {@code GET}
     * @throws IOException when there is no response, or it leads to a host that is not
     * allowed
     */
    RegistryResponse send(String method, URI first, @Nullable String authorization) throws IOException {
        URI uri = first;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            boolean there = isSame(uri.getRawAuthority(), first.getRawAuthority());
            RegistryResponse response = exchange(method, uri, there, there ? authorization : null, null);
            if (!there && response.status() == 401) {
                throw new RegistryException(ImageStatus.Reason.HOST_NOT_ALLOWED,
                        uri.getRawAuthority() + " wants credentials, and is not the registry");
            }
            String location = response.headers().getFirst(HttpHeaders.LOCATION);
            if (!REDIRECTS.contains(response.status()) || location == null) {
                return response;
            }
            uri = requireAllowed(uri.resolve(uri(location)),
                    (host) -> isSame(host, first.getRawAuthority()) || allowed.permitsBlob(host));
        }
        throw new RegistryException(ImageStatus.Reason.UNEXPECTED_ANSWER, "Too many redirects");
    }

    private URI requireAllowed(URI uri, Predicate<String> rule) throws IOException {
        String host = uri.getRawAuthority();
        boolean may = host != null && uri.getRawUserInfo() == null && rule.test(host)
                && names.scheme(host).equals(uri.getScheme());
        if (!may) {
            throw new RegistryException(ImageStatus.Reason.HOST_NOT_ALLOWED, "Sent to " + uri.getScheme() + "://"
                    + ((host != null) ? host.replaceFirst(".*@", "") : null) + ", which is not allowed");
        }
        return uri;
    }

    private RegistryResponse exchange(String method, URI uri, boolean isAskedHost, @Nullable String authorization,
            @Nullable HttpEntity form) throws IOException {
        HttpUriRequestBase request = new HttpUriRequestBase(method, uri);
        request.setEntity(form);
        request.setHeader(HttpHeaders.ACCEPT, ACCEPT);
        if (authorization != null) {
            request.setHeader(HttpHeaders.AUTHORIZATION, authorization);
        }
        return connections.execute(request, (response) -> RegistryResponse.read(response, request, uri, isAskedHost));
    }

    @Override
    public void close() throws IOException {
        connections.close();
    }

}
