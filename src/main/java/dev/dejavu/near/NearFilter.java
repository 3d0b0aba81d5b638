package dev.dejavu.near;

import java.io.IOException;
import java.util.List;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.Signatures;

/**
 * Answers what is asked most, a GET of an entry that is kept near, where the request
 * enters: behind it, Spring finds a controller, and the controller the same entry, in
 * more time than all the rest takes. Whatever is not the plain case goes on to them, so
 * this can be taken away and nothing is missed but the speed.
 */
@Component
@Order(NearFilter.BEHIND_ACCESS)
class NearFilter implements Filter {

    /** Spring Security's filter is at -2000. */
    static final int BEHIND_ACCESS = -1999;

    private static final String JSON = MediaType.APPLICATION_JSON_VALUE;

    private final NearLayer layer;

    private final List<CacheObserver> observers;

    private final Signatures signatures;

    private final JsonMapper json;

    NearFilter(NearLayer layer, List<CacheObserver> observers, Signatures signatures, JsonMapper json) {
        this.layer = layer;
        this.observers = observers;
        this.signatures = signatures;
        this.json = json;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest asked = (HttpServletRequest) request;
        if (!isPlain(asked) || !answer(asked, (HttpServletResponse) response)) {
            chain.doFilter(request, response);
        }
    }

    private static boolean isPlain(HttpServletRequest request) {
        String accepted = request.getHeader(HttpHeaders.ACCEPT);
        return request.getMethod().equals("GET")
                && (accepted == null || accepted.equals(MediaType.ALL_VALUE) || accepted.equals(JSON))
                && request.getHeader(HttpHeaders.IF_MATCH) == null;
    }

    private boolean answer(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getServletPath();
        int slash = path.indexOf('/', 1);
        if (slash < 0 || request.getPathInfo() != null) {
            return false;
        }
        String cache = path.substring(1, slash);
        Kept<?> kept = find(cache, path.substring(slash + 1));
        if (kept == null || (kept.entry().writtenBy() != null && signatures.areShown())) {
            return false;
        }
        Answer answer = kept.answer(json);
        String known = request.getHeader(HttpHeaders.IF_NONE_MATCH);
        if (known != null && !known.equals(answer.tag())) {
            return false;
        }
        response.setHeader(HttpHeaders.ETAG, answer.tag());
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
        if (known != null) {
            response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
        }
        else {
            response.setContentType(JSON);
            response.setContentLength(answer.length());
            answer.writeTo(response.getOutputStream());
        }
        observers.forEach((observer) -> observer.found(cache, true));
        return true;
    }

    private @Nullable Kept<?> find(String cache, String key) {
        NearRepository<?> repository = layer.repositories().get(cache);
        return (repository != null) ? repository.near(new CacheKey(key)) : null;
    }

}
