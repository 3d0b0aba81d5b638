package dev.dejavu.cache;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * What events of a registry may have made untrue, by the numbers of the events, which
 * rise with every one. An entry is concerned by the numbers that were not known when its
 * verification began. Zero stands for no event.
 *
 * @param repository or {@link #EVERYTHING}
 * @param subject {@link #WHOLE}, a tag after a colon or a digest after an at sign
 * @param deleted the last deletion
 * @param moved the last push that may have led the tag to any manifest; of a whole
 * repository, any tag: the latest number of those that were folded into it
 * @param pushed the last push, if the tag leads to {@code pushedDigest} since; of a whole
 * repository, the last push of anything
 * @param pushedDigest the manifest that was pushed last
 * @param latest of these; a state with a higher one is newer
 * @param pending the lowest number that is to be raised once more; zero for none
 * @param raisedAt when it had its latest number
 */
public record Watermark(String repository, String subject, long deleted, long moved, long pushed,
        @Nullable String pushedDigest, long latest, long pending, Instant raisedAt) {

    /** The repository whose whole is all repositories. */
    public static final String EVERYTHING = "*";

    /** The subject that is a whole repository. */
    public static final String WHOLE = "";

    public static String tag(String name) {
        return ":" + name;
    }

    public static String digest(String digest) {
        return "@" + digest;
    }

    public boolean isOfWhole() {
        return subject.equals(WHOLE);
    }

    public boolean isOfDigest() {
        return subject.startsWith("@");
    }

    /** The tag that it is about; {@code null} when it is about something else. */
    public @Nullable String tag() {
        return subject.startsWith(":") ? subject.substring(1) : null;
    }

    /** Whether it is to be raised once more. */
    public boolean isPending() {
        return pending > 0;
    }

    /** Whether its tag may lead to another manifest than a verification knew. */
    public boolean movedSince(Verification verification) {
        return moved > verification.asOf() || (pushed > verification.asOf()
                && (pushedDigest == null || !pushedDigest.equals(verification.manifestDigest())));
    }

}
