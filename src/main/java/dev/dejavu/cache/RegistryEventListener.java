package dev.dejavu.cache;

import java.util.List;

/**
 * Acts on events that a registry sends to this instance.
 */
@FunctionalInterface
public interface RegistryEventListener {

    /**
     * Acts on events, on all instances: when it returns, nothing that they may have made
     * untrue is served any more.
     * @param webhook that received them
     */
    void onRegistryEvents(String webhook, List<RegistryEvent> events);

}
