package dev.dejavu.cache;

/**
 * Brings the changes that others make in the database to the {@link ChangeListener}s.
 */
public interface ChangeFeed {

    /**
     * Whether every change committed at least one second ago has reached the listeners.
     */
    boolean isCurrent();

}
