package dev.dejavu.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

import javax.sql.DataSource;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clock of PostgreSQL, by which all instances go, however wrong those of their
 * machines are. It is read again and again; in between, the time that has passed is
 * added. Until it was read for the first time, the clock of the machine counts, and
 * nothing is written.
 */
final class DatabaseClock extends Clock {

    private static final Logger log = LoggerFactory.getLogger(DatabaseClock.class);

    private static final Duration MAX_SKEW = Duration.ofMinutes(1);

    /**
     * A reading that took longer is not exact, and an earlier one is better for a while.
     */
    private static final long EXACT = Duration.ofMillis(50).toNanos();

    private static final long OLD = Duration.ofMinutes(1).toNanos();

    private static final String NOW = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";

    private final DataSource database;

    private final Clock machine;

    private volatile @Nullable Reading reading;

    private boolean warned;

    DatabaseClock(DataSource database, Clock machine) {
        this.database = database;
        this.machine = machine;
    }

    @Override
    public Instant instant() {
        Reading last = reading;
        return (last != null) ? last.time.plusNanos(System.nanoTime() - last.nanoTime) : machine.instant();
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException();
    }

    /** Whether the clock of the database was read. */
    boolean isKnown() {
        return reading != null;
    }

    /**
     * How far the clock of the machine is ahead of the database's.
     * @return {@code null} before that was read
     */
    @Nullable Duration skew() {
        Reading last = reading;
        return (last != null) ? Duration.between(instant(), machine.instant()).truncatedTo(ChronoUnit.MILLIS) : null;
    }

    /**
     * Reads the clock of the database.
     * @return whether that answered
     */
    boolean read() {
        try (Connection connection = database.getConnection(); Statement statement = connection.createStatement()) {
            long sent = System.nanoTime();
            try (ResultSet now = statement.executeQuery(NOW)) {
                now.next();
                keep(now.getLong(1), sent, System.nanoTime());
            }
            return true;
        }
        catch (SQLException ex) {
            log.debug("The clock of the database cannot be read", ex);
            return false;
        }
    }

    private void keep(long micros, long sent, long received) {
        Reading last = reading;
        if (last == null || received - sent < EXACT || received - last.nanoTime > OLD) {
            reading = new Reading(Instant.EPOCH.plusNanos(micros * 1000), sent + (received - sent) / 2);
        }
        Duration skew = skew();
        boolean isSkewed = skew != null && skew.abs().compareTo(MAX_SKEW) > 0;
        if (isSkewed && !warned) {
            log.warn("The clock of this machine is {} ahead of that of the database, which counts: set it", skew);
        }
        warned = isSkewed;
    }

    /**
     * What the database said.
     *
     * @param nanoTime {@link System#nanoTime} when it was that time
     */
    private record Reading(Instant time, long nanoTime) {
    }

}
