package dev.dejavu.console;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A time on a page.
 *
 * @param iso for machines
 * @param utc for people who copy it
 * @param relative for people who read it, as in {@code 3 h ago}
 */
record Moment(String iso, String utc, String relative) {

    static Moment of(Instant time, Instant now) {
        Instant seconds = time.truncatedTo(ChronoUnit.SECONDS);
        String iso = seconds.toString();
        return new Moment(iso, iso.replace('T', ' ').replace("Z", " UTC"), relative(Duration.between(time, now)));
    }

    private static String relative(Duration age) {
        String text = text(age.abs());
        return age.isNegative() ? "in " + text : text + " ago";
    }

    private static String text(Duration age) {
        if (age.toMinutes() < 1) {
            return age.toSeconds() + " s";
        }
        if (age.toHours() < 1) {
            return age.toMinutes() + " min";
        }
        return (age.toDays() < 2) ? age.toHours() + " h" : age.toDays() + " d";
    }

}
