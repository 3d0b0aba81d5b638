package dev.dejavu.storage;

import java.sql.SQLException;

import org.jspecify.annotations.Nullable;

/**
 * What a driver says of a failure.
 */
final class DriverMessage {

    private DriverMessage() {
    }

    /** In one line. */
    static String of(Throwable failure) {
        SQLException cause = cause(failure);
        return String.valueOf(((cause != null) ? cause : failure).getMessage()).strip().replaceAll("\\s+", " ");
    }

    /** The innermost failure that a driver threw. */
    static @Nullable SQLException cause(Throwable failure) {
        SQLException found = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                found = sql;
            }
        }
        return found;
    }

}
