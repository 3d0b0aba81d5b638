package dev.dejavu.startup;

import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalysisReporter;

/**
 * Logs in one line why the service does not start, and what to do.
 */
class FailureLine implements FailureAnalysisReporter {

    private static final Logger log = LoggerFactory.getLogger(FailureLine.class);

    @Override
    public void report(FailureAnalysis analysis) {
        log.error("Not started: {}",
                Stream.of(analysis.getDescription(), analysis.getAction())
                    .filter(Objects::nonNull)
                    .map((text) -> text.strip().replaceAll("\\s+", " "))
                    .collect(Collectors.joining(" ")));
    }

}
