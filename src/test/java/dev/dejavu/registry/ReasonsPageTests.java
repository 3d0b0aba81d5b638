package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import dev.dejavu.registry.ImageStatus.Reason;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The page for operators says what to do about each reason.
 */
class ReasonsPageTests {

    @ParameterizedTest
    @EnumSource
    void reasonIsInTheTable(Reason reason) throws IOException {
        assertThat(Files.readAllLines(Path.of("docs/operations.md")))
            .anyMatch((line) -> line.startsWith("| `") && line.contains("`" + reason + "`"));
    }

}
