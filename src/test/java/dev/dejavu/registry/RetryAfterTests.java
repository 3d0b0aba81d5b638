package dev.dejavu.registry;

import java.time.Duration;
import java.time.Instant;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;

import static org.assertj.core.api.Assertions.assertThat;

class RetryAfterTests {

    private static final Instant NOW = Instant.parse("2026-05-01T22:00:00Z");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            0                              | 0
            17                             | 17
            3600                           | 3600
            3601                           | 3600
            999999999                      | 3600
            1777672860                     | 60
            1777672860000                  | 60
            1777672799                     | 0
            999999999999999999             | 3600
            Fri, 01 May 2026 22:00:30 GMT  | 30
            Friday, 01-May-26 22:00:30 GMT | 30
            Fri May  1 22:00:30 2026       | 30
            Sun, 06 Nov 1994 08:49:37 GMT  | 0
            Sunday, 06-Nov-94 08:49:37 GMT | 0
            Sun Nov  6 08:49:37 1994       | 0
            Fri, 31 Dec 2100 23:59:59 GMT  | 3600
            """)
    void pauseIsReadInEachForm(String value, int seconds) {
        assertThat(pause("Retry-After", value)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = { "soon", "-1", "1.5", "", "1 2", "9999999999999999999", "Fri, 01 Mai 2026 22:00:30 GMT",
            "2026-05-01T22:00:30Z" })
    void nonsenseIsNone(String value) {
        assertThat(pause("Retry-After", value)).isNull();
    }

    @Test
    void fieldOfDockerHubCountsToo() {
        assertThat(pause("X-Retry-After", "1777672860")).isEqualTo(Duration.ofMinutes(1));
        assertThat(pause("X-Other", "17")).isNull();
    }

    private static @Nullable Duration pause(String name, String value) {
        HttpHeaders headers = new HttpHeaders();
        headers.add(name, value);
        return RetryAfter.of(headers, NOW);
    }

}
