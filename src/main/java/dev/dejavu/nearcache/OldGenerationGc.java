package dev.dejavu.nearcache;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryNotificationInfo;
import java.lang.management.MemoryPoolMXBean;

import javax.management.NotificationEmitter;

import org.springframework.stereotype.Component;

/**
 * What is kept near grows old, and is garbage when it is replaced. Java's serial
 * collector, otherwise the smallest, lets the old generation grow to the limit of the
 * heap before it collects there; so this one asks it to each time that what is old has
 * doubled. Other collectors need no help.
 */
@Component
class OldGenerationGc {

    /** Bytes. */
    private static final long SMALL = 128 << 20;

    OldGenerationGc() {
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            if (pool.getName().equals("Tenured Gen")) {
                watch(pool);
            }
        }
    }

    private static void watch(MemoryPoolMXBean pool) {
        NotificationEmitter memory = (NotificationEmitter) ManagementFactory.getMemoryMXBean();
        memory.addNotificationListener((notification, handback) -> {
            System.gc();
            setThreshold(pool);
        }, (notification) -> notification.getType().equals(MemoryNotificationInfo.MEMORY_THRESHOLD_EXCEEDED), null);
        setThreshold(pool);
    }

    private static void setThreshold(MemoryPoolMXBean pool) {
        long threshold = Math.max(SMALL, 2 * pool.getUsage().getUsed());
        pool.setUsageThreshold(Math.min(threshold, pool.getUsage().getMax()));
    }

}
