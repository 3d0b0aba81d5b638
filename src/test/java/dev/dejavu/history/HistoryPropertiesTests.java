package dev.dejavu.history;

import java.time.Duration;
import java.util.Map;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

class HistoryPropertiesTests {

    @ParameterizedTest
    @CsvSource({ "30, P30D", "36h, PT36H", "0, PT0S" })
    void bareNumberIsDays(String written, Duration meant) {
        Binder binder = new Binder(new MapConfigurationPropertySource(Map.of("dejavu.history.keep", written)));
        assertThat(binder.bind("dejavu.history", HistoryProperties.class).get().keep()).isEqualTo(meant);
    }

}
