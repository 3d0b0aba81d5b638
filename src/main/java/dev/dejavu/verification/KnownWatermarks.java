package dev.dejavu.verification;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.Watermark;

/**
 * Watermarks of all repositories. One thread at a time changes them; any may read.
 */
final class KnownWatermarks {

    private final Map<String, RepositoryMarks> repositories = new ConcurrentHashMap<>();

    /** What events call an entry, by its value: to read a reference costs more. */
    private final Cache<String, Subject> subjects = Caffeine.newBuilder()
        .maximumSize(100_000)
        .executor(Runnable::run)
        .build();

    /** The highest number of all. */
    private volatile long raised;

    KnownWatermarks(List<Watermark> watermarks) {
        watermarks.forEach(this::add);
    }

    void add(Watermark watermark) {
        repositories.computeIfAbsent(watermark.repository(), (name) -> new RepositoryMarks()).add(watermark);
        // After the mark, so that who sees it sees that.
        raised = Math.max(raised, watermark.latest());
    }

    void removeRaisedBefore(Instant time) {
        repositories.values().removeIf((marks) -> {
            marks.removeRaisedBefore(time);
            return marks.isEmpty();
        });
    }

    int size(String repository) {
        RepositoryMarks marks = repositories.get(repository);
        return (marks != null) ? marks.size() : 0;
    }

    /** As {@link Watermarks#concern}, of an entry that no caller has taken back. */
    boolean concern(VerifiableEntry entry, Predicate<VerifiableEntry> isVerifiable) {
        long asOf = entry.verification().asOf();
        if (asOf >= raised) {
            return false;
        }
        Subject subject = subjects.get(entry.value(), (value) -> Subject.of(entry));
        RepositoryMarks marks = repositories.get(subject.repository());
        return marks != null && marks.isRaisedSince(asOf) && (marks.isDeletedSince(entry.verification(), subject.tag())
                || (marks.isMovedSince(entry.verification(), subject.tag()) && isVerifiable.test(entry)));
    }

    boolean isRaisedSince(String repository, long number) {
        RepositoryMarks marks = repositories.get(repository);
        return marks != null && marks.isRaisedSince(number);
    }

    boolean isPushedSince(String repository, long number) {
        RepositoryMarks marks = repositories.get(repository);
        return marks != null && marks.isPushedSince(number);
    }

    /**
     * What events call an entry.
     *
     * @param tag as the subject of a watermark, if it has one
     */
    private record Subject(String repository, @Nullable String tag) {

        static Subject of(VerifiableEntry entry) {
            String tag = entry.registryTag();
            return new Subject(entry.registryRepository(), (tag != null) ? Watermark.tag(tag) : null);
        }

    }

}
