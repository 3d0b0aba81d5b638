package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * A host that only a pattern allows has an address within this machine's network.
 */
final class InternalAddressException extends UnknownHostException {

    private static final long serialVersionUID = 1;

    InternalAddressException(String host, InetAddress address) {
        super(host + " has the internal address " + address.getHostAddress()
                + ": dejavu.registry.allowed must name it without a *");
    }

}
