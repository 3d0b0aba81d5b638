package dev.dejavu.history;

import java.time.Instant;
import java.util.List;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;

/**
 * What is remembered of a key.
 *
 * @param events newest first
 * @param trueAt when its value, or the last one that it had, was last known to be true
 * @param served who was given any of its values, the last first; {@code null} for those
 * who may not see it, as is the next
 * @param servedSinceTrue who was given that value since the minute of {@code trueAt}
 * @param isCut whether other events, older ones or of more overlays, are not among them
 * @param isServedCut whether others were given a value, longer ago
 * @param dropped how many records this instance had no room for since its start, of any
 * key; {@code null} for none
 */
public record KeyHistory(List<HistoryEvent> events, @Nullable Instant trueAt, @Nullable List<Served> served,
        @Nullable List<Served> servedSinceTrue, @JsonIgnore boolean isCut, @JsonIgnore boolean isServedCut,
        @Nullable Long dropped) {
}
