package dev.dejavu.startup;

import org.junit.jupiter.api.Test;
import org.springframework.boot.diagnostics.FailureAnalysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowable;

class MemoryCheckTests {

    @Test
    void containerThatIsTooSmallIsRefusedInOneLine() {
        Throwable failure = catchThrowable(() -> MemoryCheck.check(200L << 20));
        assertThat(new SettingFailureAnalyzer().analyze(failure)).extracting(FailureAnalysis::getDescription)
            .isEqualTo("The memory of the container must be 256 MB or more, but is '200 MB'.");
    }

    @Test
    void smallestContainerIsAccepted() {
        assertThatNoException().isThrownBy(() -> MemoryCheck.check(256_000_000));
    }

}
