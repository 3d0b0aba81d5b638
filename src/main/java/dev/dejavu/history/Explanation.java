package dev.dejavu.history;

import java.util.List;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonValue;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.CacheEntry;

/**
 * What a lookup would answer, and why.
 *
 * @param key in hex
 * @param cause a word for programs
 * @param text a sentence for people
 * @param entry that is here, or is invalidated
 * @param nearest live entries with other parts, the nearest first
 * @param isCut whether there are other entries like it, less near
 * @param event that made it a miss, if that is known
 */
public record Explanation<E extends CacheEntry>(String key, Outcome outcome, String cause, String text,
        @Nullable E entry, List<Nearest<E>> nearest, @JsonIgnore boolean isCut, @Nullable HistoryEvent event) {

    public static final String NEVER_SEEN = "never-seen";

    /**
     * What a lookup would answer.
     */
    public enum Outcome {

        /** 200, the entry. */
        HERE,

        /** 404: the registry said so a moment ago. */
        ABSENT,

        /** 404: a miss. */
        UNKNOWN;

        @JsonValue
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

    }

    /**
     * An explanation.
     * @param nearest of which those beyond {@link Nearest#MAX_NEAREST} are cut off
     */
    Explanation(String key, Outcome outcome, String cause, String text, @Nullable E entry, List<Nearest<E>> nearest,
            @Nullable HistoryEvent event) {
        this(key, outcome, cause, text, entry, nearest.stream().limit(Nearest.MAX_NEAREST).toList(),
                nearest.size() > Nearest.MAX_NEAREST, event);
    }

    static <E extends CacheEntry> Explanation<E> here(E entry, String cause, String text) {
        return new Explanation<>(entry.key().hex(), Outcome.HERE, cause, text, entry, List.of(), null);
    }

    /** The same, for another reason. */
    public Explanation<E> with(String otherCause, String otherText, List<Nearest<E>> others) {
        return new Explanation<>(key, outcome, otherCause, otherText, entry, others, event);
    }

    /** The same of an image that the registry does not have. */
    Explanation<E> asAbsent() {
        boolean isNew = cause.equals(NEVER_SEEN);
        return new Explanation<>(key, Outcome.ABSENT, isNew ? "absent" : cause,
                "Its registry answered a moment ago that it does not have it. " + text, null, nearest, isCut, event);
    }

}
