package dev.dejavu.web;

import java.io.IOException;
import java.util.Enumeration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.servlet.HandlerExceptionResolver;

import dev.dejavu.api.EntryJson;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.NearHit;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.Representation;

/**
 * Answers the most frequent request, a simple GET of an entry, as the controllers behind
 * it would: Spring needs more time to find the controller than all the rest takes. Other
 * requests go on to the controllers, so without this filter nothing is missing but speed.
 */
@Component
class EntryFilter implements Filter {

    private static final String JSON = MediaType.APPLICATION_JSON_VALUE;

    private final SingletonSupplier<Map<String, Cache<?>>> caches;

    private final ProblemWriter writer;

    private final HandlerExceptionResolver problems;

    private final Function<CacheEntry, Representation> represent;

    // The web server creates its filters early: the caches, which need the database, come
    // later.
    EntryFilter(ObjectProvider<Cache<?>> caches, EntryJson json, ProblemWriter writer,
            @Qualifier("handlerExceptionResolver") HandlerExceptionResolver problems) {
        this.caches = SingletonSupplier
            .of(() -> caches.stream().collect(Collectors.toUnmodifiableMap(Cache::name, Function.identity())));
        this.writer = writer;
        this.problems = problems;
        this.represent = json::represent;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpServletRequest httpRequest = (HttpServletRequest) request;
        if (!isSimpleGet(httpRequest) || !tryAnswer(httpRequest, (HttpServletResponse) response)) {
            chain.doFilter(request, response);
        }
    }

    private static boolean isSimpleGet(HttpServletRequest request) {
        String accepted = header(request, HttpHeaders.ACCEPT);
        String cached = header(request, HttpHeaders.IF_NONE_MATCH);
        return request.getMethod().equals("GET") && request.getPathInfo() == null && request.getQueryString() == null
                && (accepted == null || accepted.equals(MediaType.ALL_VALUE) || accepted.equals(JSON))
                && (cached == null || (cached.startsWith("\"") && cached.indexOf(',') < 0))
                && request.getHeader(HttpHeaders.IF_MATCH) == null;
    }

    /** The value of a header; with several, one with a comma, which is not simple. */
    private static @Nullable String header(HttpServletRequest request, String name) {
        Enumeration<String> values = request.getHeaders(name);
        if (!values.hasMoreElements()) {
            return null;
        }
        String first = values.nextElement();
        return values.hasMoreElements() ? first + "," : first;
    }

    /**
     * Answers, unless the path names no cache or the controller refuses the key better.
     */
    private boolean tryAnswer(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getServletPath();
        int slash = path.indexOf('/', 1);
        Cache<?> cache = (slash > 0) ? caches.obtain().get(path.substring(1, slash)) : null;
        if (cache == null) {
            return false;
        }
        try {
            answer(cache, cache.key(path.substring(slash + 1)), request, response);
            return true;
        }
        catch (ProblemException ex) {
            return false;
        }
        catch (DataAccessException ex) {
            return problems.resolveException(request, response, null, ex) != null;
        }
    }

    private void answer(Cache<?> cache, CacheKey key, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        boolean isConfirmation = request.getHeader(HttpHeaders.IF_NONE_MATCH) != null;
        NearHit<?> hit = cache.lookups().findInMemory(key, isConfirmation);
        if (hit != null) {
            send(hit.representation(represent), request, response);
            return;
        }
        Optional<? extends CacheEntry> entry = cache.lookups().find(key, isConfirmation);
        if (entry.isPresent()) {
            send(represent.apply(entry.get()), request, response);
        }
        else {
            writer.write(cache.lookups().notFound(key), request, response);
        }
    }

    private static void send(Representation entry, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        response.setHeader(HttpHeaders.ETAG, entry.etag());
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
        if (entry.etag().equals(request.getHeader(HttpHeaders.IF_NONE_MATCH))) {
            response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
        }
        else {
            response.setContentType(JSON);
            response.setContentLength(entry.length());
            entry.writeTo(response.getOutputStream());
        }
    }

}
