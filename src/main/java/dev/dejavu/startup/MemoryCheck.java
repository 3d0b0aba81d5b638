package dev.dejavu.startup;

import java.lang.management.ManagementFactory;

import com.sun.management.OperatingSystemMXBean;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.stereotype.Component;

/**
 * Refuses to start where the service would be killed after minutes.
 */
@Component
class MemoryCheck {

    private static final long MEGABYTE = 1024 * 1024;

    /** A limit of 256,000,000 bytes is 244 MB. */
    private static final long MIN = 244 * MEGABYTE;

    MemoryCheck() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            check(system.getTotalMemorySize());
        }
    }

    /**
     * Checks the memory.
     * @param bytes of the container, or of the machine
     */
    static void check(long bytes) {
        if (bytes < MIN) {
            throw new InvalidConfigurationPropertyValueException("The memory of the container",
                    bytes / MEGABYTE + " MB", "must be 256 MB or more");
        }
    }

}
