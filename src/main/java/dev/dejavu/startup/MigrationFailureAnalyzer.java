package dev.dejavu.startup;

import org.flywaydb.core.api.FlywayException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.NestedExceptionUtils;

/**
 * Describes in one line why the tables cannot be brought up to date.
 */
class MigrationFailureAnalyzer extends AbstractFailureAnalyzer<FlywayException> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, FlywayException cause) {
        return new FailureAnalysis("The tables cannot be brought up to date: "
                + NestedExceptionUtils.getMostSpecificCause(cause).getMessage(), null, cause);
    }

}
