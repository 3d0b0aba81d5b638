package dev.dejavu.web;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import jakarta.servlet.FilterChain;
import org.apache.coyote.CloseNowException;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class UnflushedResponsesTests {

    private final AtomicInteger flushes = new AtomicInteger();

    private final MockHttpServletResponse response = new MockHttpServletResponse() {
        @Override
        public void flushBuffer() {
            flushes.incrementAndGet();
        }
    };

    @Test
    void responseInTimeIsPassedOnWithoutAFlush() throws Exception {
        new UnflushedResponses(Duration.ofMinutes(1)).doFilter(new MockHttpServletRequest(), response,
                (request, unflushed) -> {
                    unflushed.getOutputStream().write(new byte[200_000]);
                    unflushed.getOutputStream().flush();
                    unflushed.flushBuffer();
                });
        assertThat(response.getContentAsByteArray()).hasSize(200_000);
        assertThat(flushes).hasValue(0);
    }

    /**
     * Spring answers the exception of a write, which would end the response as if it were
     * complete.
     */
    @Test
    void connectionOfASlowReaderIsClosedAlthoughTheExceptionWasHandled() {
        FilterChain chain = (request, slow) -> {
            try {
                slow.getOutputStream().write(1);
            }
            catch (IOException ex) {
                // answered
            }
        };
        UnflushedResponses filter = new UnflushedResponses(Duration.ofNanos(-1));
        assertThatExceptionOfType(CloseNowException.class)
            .isThrownBy(() -> filter.doFilter(new MockHttpServletRequest(), response, chain));
        assertThat(response.getContentAsByteArray()).isEmpty();
    }

}
