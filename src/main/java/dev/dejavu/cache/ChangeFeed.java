package dev.dejavu.cache;

import java.util.List;

/**
 * Brings the changes that others make in the database to the {@link ChangeListener}s.
 */
public interface ChangeFeed {

    /**
     * Whether every change committed at least one second ago has reached the listeners.
     */
    boolean isCurrent();

    /**
     * Publishes events of a registry, which need not change any row, to the listeners of
     * all other instances. When it returns, the events are on their way.
     */
    void publish(List<RegistryEvent> events);

}
