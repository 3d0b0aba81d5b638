package dev.dejavu.nearcache;

import java.io.IOException;
import java.net.URI;
import java.util.Enumeration;
import java.util.List;
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
import org.springframework.core.annotation.Order;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.servlet.HandlerExceptionResolver;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.Signatures;
import dev.dejavu.cache.Trust;

/**
 * Answers what is asked most, a plain GET of an entry, where the request enters, as the
 * controllers behind it would: Spring needs more time to find the controller than all the
 * rest takes. Whatever is not plain goes on to them, so this can be taken away and
 * nothing is missed but the speed.
 */
@Component
@Order(EntryFilter.BEHIND_ACCESS)
class EntryFilter implements Filter {

    /** Spring Security's filter is at -2000. */
    static final int BEHIND_ACCESS = -1999;

    private static final String JSON = MediaType.APPLICATION_JSON_VALUE;

    private final NearCaches layer;

    private final SingletonSupplier<Map<String, CacheRepository<?>>> repositories;

    private final SingletonSupplier<List<CacheObserver>> observers;

    private final SingletonSupplier<Trust> trust;

    private final Signatures signatures;

    private final JsonMapper json;

    private final HandlerExceptionResolver problems;

    // The web server makes its filters early: what needs the database must come later.
    EntryFilter(NearCaches layer, ObjectProvider<CacheRepository<?>> repositories,
            ObjectProvider<CacheObserver> observers, ObjectProvider<Trust> trust, Signatures signatures,
            JsonMapper json, @Qualifier("handlerExceptionResolver") HandlerExceptionResolver problems) {
        this.layer = layer;
        this.repositories = SingletonSupplier.of(() -> repositories.stream()
            .collect(Collectors.toUnmodifiableMap(CacheRepository::name, Function.identity())));
        this.observers = SingletonSupplier.of(() -> observers.orderedStream().toList());
        this.trust = SingletonSupplier.of(trust::getObject);
        this.signatures = signatures;
        this.json = json;
        this.problems = problems;
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
        String accepted = header(request, HttpHeaders.ACCEPT);
        String known = header(request, HttpHeaders.IF_NONE_MATCH);
        return request.getMethod().equals("GET") && request.getPathInfo() == null
                && (accepted == null || accepted.equals(MediaType.ALL_VALUE) || accepted.equals(JSON))
                && (known == null || (known.startsWith("\"") && known.indexOf(',') < 0))
                && request.getHeader(HttpHeaders.IF_MATCH) == null;
    }

    /** The value of a header, which is a list when there are several. */
    private static @Nullable String header(HttpServletRequest request, String name) {
        Enumeration<String> values = request.getHeaders(name);
        if (!values.hasMoreElements()) {
            return null;
        }
        String first = values.nextElement();
        return values.hasMoreElements() ? first + "," : first;
    }

    private boolean answer(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getServletPath();
        int slash = path.indexOf('/', 1);
        CacheRepository<?> repository = (slash > 0) ? repositories.obtain().get(path.substring(1, slash)) : null;
        if (repository == null) {
            return false;
        }
        try {
            CacheKey key = repository.key(path.substring(slash + 1));
            Representation near = near(repository.name(), key);
            if (near != null) {
                send(near, request, response);
            }
            else {
                find(repository, key, request, response);
            }
            return true;
        }
        catch (ProblemException ex) {
            return false;
        }
        catch (DataAccessException ex) {
            return problems.resolveException(request, response, null, ex) != null;
        }
    }

    private @Nullable Representation near(String cache, CacheKey key) {
        NearCacheEntry<?> kept = layer.near(cache, key);
        if (kept == null || !trust.obtain().isTrusted(kept.entry())
                || (kept.entry().writtenBy() != null && signatures.areShown())) {
            return null;
        }
        observers.obtain().forEach((observer) -> observer.onLookup(cache, true));
        return kept.answer(json);
    }

    private void find(CacheRepository<?> repository, CacheKey key, HttpServletRequest request,
            HttpServletResponse response) throws IOException {
        Optional<? extends CacheEntry> found = repository.find(key);
        if (found.isPresent()) {
            send(Representation.of(found.get(), json), request, response);
        }
        else {
            miss(repository.notFound(key), request, response);
        }
    }

    private static void send(Representation answer, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        response.setHeader(HttpHeaders.ETAG, answer.tag());
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
        if (answer.tag().equals(request.getHeader(HttpHeaders.IF_NONE_MATCH))) {
            response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
        }
        else {
            response.setContentType(JSON);
            response.setContentLength(answer.length());
            answer.writeTo(response.getOutputStream());
        }
    }

    private void miss(ProblemException miss, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, miss.getMessage());
        problem.setType(miss.problem().type());
        problem.setTitle(miss.problem().title());
        problem.setInstance(URI.create(request.getRequestURI()));
        byte[] body = json.writeValueAsBytes(problem);
        response.setStatus(HttpServletResponse.SC_NOT_FOUND);
        response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

}
