package dev.dejavu.nearcache;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.util.concurrent.ThreadLocalRandom;

import org.junit.jupiter.api.Test;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

class OldGenerationGcTests {

    @Test
    void garbageDoesNotGrowToTheHeapLimit() throws Exception {
        Process process = new ProcessBuilder(System.getProperty("java.home") + "/bin/java", "-XX:+UseSerialGC",
                "-Xms32m", "-Xmx2g", "-cp", System.getProperty("java.class.path"), OldGenerationGcTests.class.getName())
            .redirectErrorStream(true)
            .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(Long.parseLong(output.trim())).isBetween(60L, 700L);
    }

    /** Prints the peak of the old generation in megabytes while 50 are in use. */
    public static void main(String[] args) {
        new OldGenerationGc();
        MemoryPoolMXBean pool = ManagementFactory.getMemoryPoolMXBeans()
            .stream()
            .filter((one) -> one.getName().equals("Tenured Gen"))
            .findFirst()
            .orElseThrow();
        byte[][] live = new byte[50_000][];
        for (int i = 0; i < 3_000_000; i++) {
            live[ThreadLocalRandom.current().nextInt(live.length)] = new byte[1000];
        }
        System.out.println(pool.getPeakUsage().getUsed() >> 20);
    }

}
