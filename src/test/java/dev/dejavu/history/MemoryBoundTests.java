package dev.dejavu.history;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class MemoryBoundTests {

    @Test
    void smallHeapKeepsFewerRecords() {
        assertThat(MemoryBound.of(100_000, 320, 4L << 30)).isEqualTo(100_000);
        int few = MemoryBound.of(100_000, 320, 64 << 20);
        assertThat(few * 320L).isBetween((6L << 20) - 320, (64L << 20) / 10);
    }

}
