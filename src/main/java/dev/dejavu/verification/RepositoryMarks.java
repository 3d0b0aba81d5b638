package dev.dejavu.verification;

import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.Verification;
import dev.dejavu.cache.Watermark;

/**
 * The watermarks of one repository.
 */
final class RepositoryMarks {

    private final Map<String, Watermark> bySubject = new ConcurrentHashMap<>();

    /** Of all of them. */
    private volatile long latest;

    /** Of deletions by digest. */
    private volatile long latestDigest;

    /** Takes in a watermark, unless a newer state of it is known. */
    synchronized void add(Watermark watermark) {
        bySubject.merge(watermark.subject(), watermark,
                (known, other) -> (other.latest() > known.latest()) ? other : known);
        if (watermark.isOfWhole()) {
            // What concerns all entries needs no mark of its own.
            long number = Math.max(watermark.deleted(), watermark.moved());
            bySubject.values().removeIf((mark) -> !mark.isOfWhole() && mark.latest() <= number);
        }
        if (watermark.isOfDigest()) {
            latestDigest = Math.max(latestDigest, watermark.latest());
        }
        latest = Math.max(latest, watermark.latest());
    }

    /** Forgets what a watermark of all repositories replaces. */
    void removeUpTo(long number) {
        bySubject.values().removeIf((mark) -> mark.latest() <= number);
    }

    /** Forgets what was raised long ago. */
    void removeRaisedBefore(Instant time) {
        bySubject.values().removeIf((mark) -> mark.raisedAt().isBefore(time));
    }

    boolean isEmpty() {
        return bySubject.isEmpty();
    }

    int size() {
        return bySubject.size();
    }

    /** Whether there was any event since a number. */
    boolean isRaisedSince(long number) {
        return latest > number;
    }

    /** Whether anything was pushed since. */
    boolean isPushedSince(long number) {
        Watermark whole = bySubject.get(Watermark.WHOLE);
        return whole != null && Math.max(whole.pushed(), whole.moved()) > number;
    }

    /**
     * Whether something was deleted since that an entry may have needed.
     * @param tag as a subject, if it has one
     */
    boolean isDeletedSince(Verification verification, @Nullable String tag) {
        long asOf = verification.asOf();
        return isDeletedSince(asOf, Watermark.WHOLE) || (tag != null && isDeletedSince(asOf, tag))
                || (latestDigest > asOf && isManifestDeletedSince(verification));
    }

    private boolean isDeletedSince(long number, String subject) {
        Watermark mark = bySubject.get(subject);
        return mark != null && mark.deleted() > number;
    }

    private boolean isManifestDeletedSince(Verification verification) {
        String digest = verification.manifestDigest();
        if (digest == null || verification.restedOn() == null) {
            return true;
        }
        return isDeletedSince(verification.asOf(), Watermark.digest(digest)) || verification.restedOn()
            .stream()
            .anyMatch((child) -> isDeletedSince(verification.asOf(), Watermark.digest(child)));
    }

    /**
     * Whether a tag may have moved since.
     * @param tag as a subject
     */
    boolean isMovedSince(Verification verification, @Nullable String tag) {
        if (tag == null) {
            return false;
        }
        Watermark whole = bySubject.get(Watermark.WHOLE);
        Watermark mark = bySubject.get(tag);
        return (whole != null && whole.moved() > verification.asOf())
                || (mark != null && mark.movedSince(verification));
    }

}
