package dev.dejavu.cache;

/**
 * Brings the changes that others make in the database to the {@link ChangeListener}s.
 */
public interface ChangeFeed {

    /**
     * Whether every change committed at least one second ago has reached the listeners.
     */
    boolean isCurrent();

    /**
     * Publishes an event of a registry, which need not change any row, to the listeners
     * of all other instances. When it returns, the event is on its way.
     * @param kind of the {@link RegistryEvent}
     * @param repository of the event
     */
    void publish(RegistryEvent.Kind kind, String repository);

}
