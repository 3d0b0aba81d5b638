package dev.dejavu.storage;

import java.sql.SQLException;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Whether the database answers and takes writes. Its reasons are for everybody.
 */
final class DatabaseHealthIndicator implements HealthIndicator {

    private final JdbcClient reader;

    private final String isReadOnly;

    private final Runnable onReadOnly;

    /**
     * A health indicator.
     * @param isReadOnly a question in SQL
     */
    DatabaseHealthIndicator(JdbcClient reader, String isReadOnly, Runnable onReadOnly) {
        this.reader = reader;
        this.isReadOnly = isReadOnly;
        this.onReadOnly = onReadOnly;
    }

    @Override
    public Health health() {
        try {
            if (!reader.sql(isReadOnly).query(Boolean.class).single()) {
                return Health.up().build();
            }
            onReadOnly.run();
            return Health.outOfService().withDetail("reason", "the database is read-only, as a standby is").build();
        }
        catch (DataAccessException ex) {
            return Health.down().withDetail("reason", reason(ex)).build();
        }
    }

    /** Without names, which a driver's words may have. */
    private static String reason(DataAccessException failure) {
        SQLException cause = DriverMessage.cause(failure);
        String state = (cause != null) ? String.valueOf(cause.getSQLState()) : "";
        if (state.startsWith("28")) {
            return "the database refuses the user or the password";
        }
        return state.equals("53300") ? "the database has no connection left" : "the database does not answer";
    }

}
