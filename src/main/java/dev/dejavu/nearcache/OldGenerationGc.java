package dev.dejavu.nearcache;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryNotificationInfo;
import java.lang.management.MemoryPoolMXBean;

import javax.management.NotificationEmitter;

import org.springframework.stereotype.Component;

/**
 * Entries of near caches reach the old generation, and are garbage when they are
 * replaced. Java's serial collector, otherwise the smallest, lets the old generation grow
 * to the limit of the heap before it collects it; so this class requests a collection
 * each time that it has doubled. Other collectors need no help.
 */
@Component
class OldGenerationGc {

    /** Bytes. */
    private static final long MIN_THRESHOLD = 128 << 20;

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
        long threshold = Math.max(MIN_THRESHOLD, 2 * pool.getUsage().getUsed());
        pool.setUsageThreshold(Math.min(threshold, pool.getUsage().getMax()));
    }

}
