package dev.dejavu.cache;

/**
 * What others change in the database, behind the back of this process.
 */
public interface Changes {

    /**
     * Whether the observers have been told of every change that was acknowledged to
     * anybody a second ago or earlier.
     */
    boolean areTold();

}
