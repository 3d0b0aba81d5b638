package dev.dejavu.access;

import java.net.InetAddress;
import java.net.UnknownHostException;

import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Where the service listens, by its settings.
 */
@Component
class ListenAddress {

    private final Environment environment;

    ListenAddress(Environment environment) {
        this.environment = environment;
    }

    /** Whether this machine alone can reach all of its ports. */
    boolean isLoopback() {
        boolean apart = environment.containsProperty("management.server.port");
        return isLoopback("server.address") && (!apart || isLoopback("management.server.address"));
    }

    private boolean isLoopback(String setting) {
        String address = environment.getProperty(setting, "");
        try {
            return !address.isEmpty() && InetAddress.getByName(address).isLoopbackAddress();
        }
        catch (UnknownHostException ex) {
            return false;
        }
    }

    @Override
    public String toString() {
        return environment.getProperty("server.address", "this machine");
    }

}
