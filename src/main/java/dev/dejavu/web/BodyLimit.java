package dev.dejavu.web;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Map;

import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpInputMessage;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.servlet.mvc.method.annotation.RequestBodyAdviceAdapter;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Bounds the body of a request, with or without a declared length: 16 KiB by default, 128
 * KiB for lookups, 1 MiB for webhooks, and ten seconds for all of it.
 */
@ControllerAdvice
class BodyLimit extends RequestBodyAdviceAdapter {

    private static final int DEFAULT_LIMIT = 16 * 1024;

    private static final Map<String, Integer> LIMITS = Map.of("/lookup", 128 * 1024, "/webhooks/{name}", 1024 * 1024);

    private static final Duration TIME = Duration.ofSeconds(10);

    @Override
    public boolean supports(MethodParameter parameter, Type type,
            Class<? extends HttpMessageConverter<?>> converterType) {
        return true;
    }

    @Override
    public HttpInputMessage beforeBodyRead(HttpInputMessage message, MethodParameter parameter, Type type,
            Class<? extends HttpMessageConverter<?>> converterType) throws IOException {
        PostMapping post = parameter.getMethodAnnotation(PostMapping.class);
        int limit = (post != null) ? LIMITS.getOrDefault(String.join("", post.value()), DEFAULT_LIMIT) : DEFAULT_LIMIT;
        return new Bounded(message.getHeaders(), new BoundedStream(message.getBody(), limit));
    }

    private record Bounded(HttpHeaders headers, InputStream body) implements HttpInputMessage {

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

        private final int limit;

        private final long begin = System.nanoTime();

        private int count;

        BoundedStream(InputStream stream, int limit) {
            super(stream);
            this.limit = limit;
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
            if (count > limit) {
                throw new ProblemException(Problem.TOO_LARGE, "The body may have " + limit + " bytes at most.");
            }
            if (System.nanoTime() - begin > TIME.toNanos()) {
                throw new ProblemException(Problem.TOO_SLOW,
                        "The body may take " + TIME.toSeconds() + " seconds at most.");
            }
        }

    }

}
