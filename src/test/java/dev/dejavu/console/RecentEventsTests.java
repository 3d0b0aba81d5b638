package dev.dejavu.console;

import java.time.Clock;
import java.util.Collections;
import java.util.List;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.dejavu.cache.RegistryEvent;

import static org.assertj.core.api.Assertions.assertThat;

class RecentEventsTests {

    @ParameterizedTest
    @CsvSource({ "100, 100, false", "101, 100, true", "250, 100, true" })
    void newestAreKept(int received, int kept, boolean isCut) {
        RecentEvents events = new RecentEvents(Clock.systemUTC());
        RegistryEvent push = new RegistryEvent(RegistryEvent.Kind.PUSH, "ghcr.io/acme/app", "v1", null);
        RegistryEvent last = new RegistryEvent(RegistryEvent.Kind.DELETE, "ghcr.io/acme/app", "v1", null);
        events.onRegistryEvents("ghcr", Collections.nCopies(received - 1, push));
        events.onRegistryEvents("ghcr", List.of(last));
        assertThat(events.list().rows()).hasSize(kept);
        assertThat(events.list().rows().getFirst().kind()).isEqualTo("delete");
        assertThat(events.list().isCut()).isEqualTo(isCut);
    }

}
