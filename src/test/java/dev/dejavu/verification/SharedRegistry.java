package dev.dejavu.verification;

import dev.dejavu.testing.Notifications;
import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProxy;

/**
 * One registry for all tests of verification, stopped when the JVM exits.
 */
final class SharedRegistry {

    static final Notifications notifications = new Notifications();

    static final RegistryProcess process = RegistryProcess.start(notifications.uri());

    static final RegistryProxy proxy = new RegistryProxy(process.uri());

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(process::close));
    }

    private SharedRegistry() {
    }

}
