package dev.dejavu.web;

import java.io.IOException;
import java.time.Duration;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import org.apache.coyote.CloseNowException;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

import static jakarta.servlet.http.HttpServletResponse.SC_REQUEST_TIMEOUT;

/**
 * Lets the server send a response as a whole, with its length, when it fits into the
 * buffer: the JSON converter flushes before the end, which would make two packets. And
 * cuts the connection of a caller that reads a response too slowly, or was told that its
 * body is too slow.
 */
@Component
class UnflushedResponses implements Filter {

    /** For all of a response, besides the ten seconds for each part. */
    private static final Duration TIME = Duration.ofSeconds(30);

    /** Bytes after which the time is looked at. */
    private static final int PART = 64 * 1024;

    private final Duration time;

    @Autowired
    UnflushedResponses() {
        this(TIME);
    }

    UnflushedResponses(Duration time) {
        this.time = time;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Unflushed unflushed = new Unflushed((HttpServletResponse) response, time);
        chain.doFilter(request, unflushed);
        if (unflushed.stream != null && unflushed.stream.isCut) {
            // Nobody in between passed it on, and what was sent must not look complete.
            throw new CloseNowException();
        }
        if (unflushed.stream != null && unflushed.getStatus() == SC_REQUEST_TIMEOUT) {
            // Tomcat would read the rest of the body first, however slowly it comes.
            response.getOutputStream().close();
            throw new CloseNowException();
        }
    }

    private static final class Unflushed extends HttpServletResponseWrapper {

        private final Duration time;

        private @Nullable UnflushedStream stream;

        Unflushed(HttpServletResponse response, Duration time) {
            super(response);
            this.time = time;
        }

        @Override
        public void flushBuffer() {
            // at the end
        }

        @Override
        public ServletOutputStream getOutputStream() throws IOException {
            UnflushedStream unflushed = new UnflushedStream(super.getOutputStream(), time);
            stream = unflushed;
            return unflushed;
        }

    }

    private static final class UnflushedStream extends ServletOutputStream {

        private final ServletOutputStream stream;

        private final long end;

        private boolean isCut;

        UnflushedStream(ServletOutputStream stream, Duration time) {
            this.stream = stream;
            this.end = System.nanoTime() + time.toNanos();
        }

        @Override
        public void write(int value) throws IOException {
            requireTime();
            stream.write(value);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int from = 0; from < length; from += PART) {
                requireTime();
                stream.write(bytes, offset + from, Math.min(PART, length - from));
            }
        }

        private void requireTime() throws IOException {
            isCut |= System.nanoTime() - end > 0;
            if (isCut) {
                throw new CloseNowException();
            }
        }

        @Override
        public void flush() {
            // at the end
        }

        @Override
        public boolean isReady() {
            return stream.isReady();
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            stream.setWriteListener(listener);
        }

    }

}
