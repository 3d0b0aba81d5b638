package dev.dejavu.web;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.HttpStatus;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.mvc.method.annotation.RequestBodyAdviceAdapter;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Bounds the body of a request, with or without a declared length: 16 KiB by default, 160
 * KiB for lookups, 1 MiB for webhooks, and ten seconds for all of it. A declared length
 * is refused before the body comes, and so is a compressed one. What it holds, and what
 * is made of it, is {@link InFlight}.
 */
@ControllerAdvice
class BodyLimit extends RequestBodyAdviceAdapter implements HandlerInterceptor, WebMvcConfigurer {

    private static final Limit DEFAULT = new Limit(16 * 1024, 4);

    // The longest keys of a lookup need nearly 128 KiB, and white space comes on top.
    // The entry of a key has up to 40 times its bytes. A tree of JSON, 25 times.
    private static final Map<String, Limit> LIMITS = Map.of("/lookup", new Limit(160 * 1024, 64), "/webhooks/{name}",
            new Limit(1024 * 1024, 24));

    private static final String PLAIN = "identity";

    private static final Set<String> COMPRESSIONS = Set.of("gzip", "x-gzip", "deflate", "br", "zstd", "compress",
            "x-compress");

    private static final Duration TIME = Duration.ofSeconds(10);

    static final String TOO_SLOW = "The body may take " + TIME.toSeconds() + " seconds at most.";

    private final SingletonSupplier<InFlight> inFlight;

    BodyLimit(ObjectProvider<InFlight> inFlight) {
        this.inFlight = SingletonSupplier.of(inFlight::getObject);
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this);
    }

    /** Spring looks for the first byte of a body before the advice is asked. */
    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        if (handler instanceof HandlerMethod method) {
            for (MethodParameter parameter : method.getMethodParameters()) {
                if (parameter.hasParameterAnnotation(RequestBody.class)) {
                    requirePlain(request.getHeaders(HttpHeaders.CONTENT_ENCODING));
                    limit(parameter).check(request.getContentLengthLong());
                }
            }
        }
        return true;
    }

    /**
     * A compressed body would be read as malformed. Other values, as the charset that
     * some clients send, change nothing.
     */
    private static void requirePlain(Enumeration<String> encodings) {
        if (Collections.list(encodings)
            .stream()
            .flatMap((encoding) -> Stream.of(encoding.split(",")))
            .anyMatch((coding) -> COMPRESSIONS.contains(coding.strip().toLowerCase(Locale.ROOT)))) {
            ErrorResponseException refusal = new ErrorResponseException(HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                    ProblemBody.generic(HttpStatus.UNSUPPORTED_MEDIA_TYPE.value(),
                            "The body must come without Content-Encoding, as it is (identity)."),
                    null);
            refusal.getHeaders().set(HttpHeaders.ACCEPT_ENCODING, PLAIN);
            throw refusal;
        }
    }

    @Override
    public boolean supports(MethodParameter parameter, Type type,
            Class<? extends HttpMessageConverter<?>> converterType) {
        return true;
    }

    @Override
    public HttpInputMessage beforeBodyRead(HttpInputMessage message, MethodParameter parameter, Type type,
            Class<? extends HttpMessageConverter<?>> converterType) throws IOException {
        return new Bounded(message.getHeaders(),
                new BoundedStream(message.getBody(), limit(parameter), inFlight.obtain().reservation()));
    }

    private static Limit limit(MethodParameter parameter) {
        PostMapping post = parameter.getMethodAnnotation(PostMapping.class);
        return (post != null) ? LIMITS.getOrDefault(String.join("", post.value()), DEFAULT) : DEFAULT;
    }

    @Override
    public Object afterBodyRead(Object body, HttpInputMessage message, MethodParameter parameter, Type type,
            Class<? extends HttpMessageConverter<?>> converterType) {
        if (message instanceof Bounded bounded) {
            bounded.body().reserveForAnswer();
        }
        return body;
    }

    /**
     * The limit of a body.
     *
     * @param bytes of the body
     * @param weight bytes of heap that are held for each of them until the answer is sent
     */
    private record Limit(int bytes, int weight) {

        void check(long length) {
            if (length > bytes) {
                throw new ProblemException(Problem.TOO_LARGE, "The body may have " + bytes + " bytes at most.");
            }
        }

    }

    private record Bounded(HttpHeaders headers, BoundedStream body) implements HttpInputMessage {

        @Override
        public HttpHeaders getHeaders() {
            return headers;
        }

        @Override
        public InputStream getBody() {
            return body;
        }

    }

    private static final class BoundedStream extends FilterInputStream {

        private final Limit limit;

        private final InFlight.Reservation reservation;

        private final long begin = System.nanoTime();

        private int count;

        BoundedStream(InputStream stream, Limit limit, InFlight.Reservation reservation) {
            super(stream);
            this.limit = limit;
            this.reservation = reservation;
        }

        void reserveForAnswer() {
            reservation.awaitAnswer((long) count * limit.weight());
        }

        @Override
        public int read() throws IOException {
            int value = super.read();
            add((value != -1) ? 1 : 0);
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int read = super.read(bytes, offset, length);
            add(Math.max(read, 0));
            return read;
        }

        private void add(int bytes) {
            count += bytes;
            limit.check(count);
            reservation.growTo(count);
            if (System.nanoTime() - begin > TIME.toNanos()) {
                throw new ProblemException(Problem.TOO_SLOW, TOO_SLOW);
            }
        }

    }

}
