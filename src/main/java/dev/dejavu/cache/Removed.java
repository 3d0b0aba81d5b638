package dev.dejavu.cache;

import java.time.Duration;

/**
 * What has become of a removal of many entries.
 *
 * @param rows deleted so far, expired ones that no prune had met yet among them
 * @param took how long it has taken so far
 */
public record Removed(Selection selection, int rows, Duration took, State state) {

    /**
     * Whether more is to come.
     */
    public enum State {

        /** Nothing is left. */
        DONE,

        /** It goes on in the background. */
        RUNNING,

        /** It broke off. Whoever repeats it removes the rest. */
        BROKEN_OFF

    }

    public boolean isDone() {
        return state == State.DONE;
    }

}
