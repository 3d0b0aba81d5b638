package dev.dejavu.cache;

/**
 * Acts on events that a registry sends to this instance.
 */
@FunctionalInterface
public interface RegistryEventListener {

    /**
     * Acts on an event, on all instances: when it returns, nothing that the event may
     * have made untrue is served any more.
     */
    void onRegistryEvent(RegistryEvent event);

}
