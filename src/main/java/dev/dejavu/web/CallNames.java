package dev.dejavu.web;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

import dev.dejavu.cache.Cache;

/**
 * Names the call that a request makes by its method and the pattern of its path, as in
 * {@code GET /images/{hash}}, also where no controller is reached: so there are no more
 * names than calls, whatever is requested.
 */
@Component
class CallNames {

    /** Of what no controller has. */
    static final String OTHER = "other";

    private final SingletonSupplier<List<Call>> calls;

    private final SingletonSupplier<List<Call>> finds;

    // Late: the web server is made before the controllers.
    CallNames(ObjectProvider<RequestMappingInfoHandlerMapping> mappings, ObjectProvider<Cache<?>> caches) {
        this.calls = SingletonSupplier.of(() -> mappings.stream()
            .flatMap((mapping) -> mapping.getHandlerMethods().keySet().stream())
            .flatMap(CallNames::calls)
            .sorted(Comparator.comparing(Call::pattern))
            .toList());
        this.finds = SingletonSupplier.of(() -> caches.stream()
            .map((cache) -> "/" + cache.name() + "/")
            .flatMap((prefix) -> calls.obtain()
                .stream()
                .filter((call) -> call.method().equals("GET") && call.pattern().getPatternString().startsWith(prefix)
                        && call.pattern().matches(PathContainer.parsePath(prefix + "0"))))
            .toList());
    }

    private static Stream<Call> calls(RequestMappingInfo mapping) {
        return mapping.getPatternValues()
            .stream()
            .map(PathPatternParser.defaultInstance::parse)
            .flatMap((pattern) -> mapping.getMethodsCondition()
                .getMethods()
                .stream()
                .map((method) -> Call.of(method.name(), pattern)));
    }

    /**
     * The name of a call; that of GET for HEAD.
     * @param path as it was sent, behind the context path
     */
    String of(@Nullable String method, @Nullable String path) {
        if (method == null || path == null) {
            return OTHER;
        }
        if (method.equals("GET")) {
            for (Call find : finds.obtain()) {
                if (path.startsWith(find.prefix()) && path.indexOf('/', find.prefix().length()) < 0) {
                    return find.name();
                }
            }
        }
        return search(method.equals("HEAD") ? "GET" : method, path);
    }

    private String search(String method, String path) {
        try {
            PathContainer parsed = PathContainer.parsePath(path);
            return calls.obtain()
                .stream()
                .filter((call) -> call.method().equals(method) && call.pattern().matches(parsed))
                .findFirst()
                .map(Call::name)
                .orElse(OTHER);
        }
        catch (IllegalArgumentException ex) {
            // a malformed path
            return OTHER;
        }
    }

    /**
     * One call.
     *
     * @param prefix of its pattern, up to the first variable
     */
    private record Call(String method, PathPattern pattern, String prefix, String name) {

        static Call of(String method, PathPattern pattern) {
            String text = pattern.getPatternString();
            int variable = text.indexOf('{');
            return new Call(method, pattern, (variable < 0) ? text : text.substring(0, variable), method + " " + text);
        }

    }

}
