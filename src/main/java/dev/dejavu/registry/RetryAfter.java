package dev.dejavu.registry;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * The pause that a response asks for in {@code Retry-After}: seconds, or a date in each
 * of the forms that HTTP has ever had. Docker Hub names the time in seconds since 1970
 * instead, there or in {@code X-Retry-After}.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#name-retry-after">RFC 9110</a>
 * @see <a href="https://github.com/docker/hub-feedback/issues/2459">the Hub's form</a>
 */
final class RetryAfter {

    private static final Duration MAX = Duration.ofHours(1);

    /** No pause is that many seconds, so it is the time in seconds, or milliseconds. */
    private static final long SINCE_1970 = 1_000_000_000L;

    private RetryAfter() {
    }

    /**
     * Reads it.
     * @return an hour at most; {@code null} when there is none, or one that is nonsense
     */
    static @Nullable Duration of(HttpHeaders headers, Instant now) {
        String value = headers.getFirst(HttpHeaders.RETRY_AFTER);
        if (value == null) {
            value = headers.getFirst("X-Retry-After");
        }
        Duration pause = (value != null) ? parse(value.strip(), now) : null;
        if (pause == null) {
            return null;
        }
        return pause.isNegative() ? Duration.ZERO : (pause.compareTo(MAX) > 0) ? MAX : pause;
    }

    private static @Nullable Duration parse(String value, Instant now) {
        if (value.matches("\\d{1,18}")) {
            long number = Long.parseLong(value);
            if (number < SINCE_1970) {
                return Duration.ofSeconds(number);
            }
            return Duration.between(now,
                    (number < SINCE_1970 * 1000) ? Instant.ofEpochSecond(number) : Instant.ofEpochMilli(number));
        }
        String date = value.replaceFirst("^[A-Za-z]{3,9},? ", "").replaceAll(" +", " ");
        for (DateTimeFormatter form : forms(now)) {
            try {
                return Duration.between(now, LocalDateTime.parse(date, form).toInstant(ZoneOffset.UTC));
            }
            catch (DateTimeException ex) {
                // perhaps the next one
            }
        }
        return null;
    }

    /** Without the day of the week, which adds nothing. */
    private static List<DateTimeFormatter> forms(Instant now) {
        int year = now.atOffset(ZoneOffset.UTC).getYear();
        DateTimeFormatterBuilder rfc850 = new DateTimeFormatterBuilder().appendPattern("d-MMM-")
            .appendValueReduced(ChronoField.YEAR, 2, 2, year - 49)
            .appendPattern(" HH:mm:ss 'GMT'");
        return List.of(DateTimeFormatter.ofPattern("d MMM uuuu HH:mm:ss 'GMT'", Locale.ROOT),
                rfc850.toFormatter(Locale.ROOT), DateTimeFormatter.ofPattern("MMM d HH:mm:ss uuuu", Locale.ROOT));
    }

}
