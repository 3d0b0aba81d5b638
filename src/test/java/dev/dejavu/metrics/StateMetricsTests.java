package dev.dejavu.metrics;

import java.util.function.Supplier;

import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;

import dev.dejavu.commit.GroupCommit;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;

@WithSqlite
class StateMetricsTests {

    @Test
    void waitingWritesAreThoseOfEntriesAndOfWatermarks(@Autowired GroupCommit commit,
            @Autowired @Qualifier("watermarkCommit") GroupCommit watermarkCommit, @Autowired MeterRegistry metrics) {
        Supplier<Double> waiting = () -> metrics.get("dejavu.commit.waiting").gauge().value();
        assertThat(commit.write("key", waiting)).isPositive();
        assertThat(watermarkCommit.write("key", waiting)).isPositive();
    }

}
