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
     * The time, as {@link System#nanoTime} has it, at which that was so for the last
     * time.
     */
    default long currentAsOf() {
        return System.nanoTime();
    }

}
