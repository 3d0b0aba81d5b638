package dev.dejavu.cache;

/**
 * What others change in the database, behind the back of this process.
 */
public interface ChangeFeed {

    /**
     * Whether the observers have been told of every change that was acknowledged to
     * anybody a second ago or earlier.
     */
    boolean isCurrent();

    /**
     * Tells the observers of all other instances of an event that no row need show. When
     * it returns, all that can be told will be.
     * @param kind of {@link RegistryEvent}
     * @param repository of it
     */
    void publish(RegistryEvent.Kind kind, String repository);

}
