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
import dev.dejavu.cache.Verification;
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

    /** Of all repositories. */
    private final RepositoryMarks everything = new RepositoryMarks();

    /** The highest number of all. */
    private volatile long raised;

    private volatile int size;

    KnownWatermarks(List<Watermark> watermarks) {
        watermarks.forEach(this::add);
    }

    void add(Watermark watermark) {
        if (watermark.repository().equals(Watermark.EVERYTHING)) {
            everything.add(watermark);
            repositories.values().forEach((marks) -> marks.removeUpTo(watermark.moved()));
            removeEmpty();
        }
        else {
            RepositoryMarks marks = repositories.computeIfAbsent(watermark.repository(),
                    (name) -> new RepositoryMarks());
            int before = marks.size();
            marks.add(watermark);
            size = size + marks.size() - before;
        }
        // After the mark, so that who sees it sees that.
        raised = Math.max(raised, watermark.latest());
    }

    void removeRaisedBefore(Instant time) {
        everything.removeRaisedBefore(time);
        repositories.values().forEach((marks) -> marks.removeRaisedBefore(time));
        removeEmpty();
    }

    private void removeEmpty() {
        repositories.values().removeIf(RepositoryMarks::isEmpty);
        size = repositories.values().stream().mapToInt(RepositoryMarks::size).sum();
    }

    int size(String repository) {
        if (repository.equals(Watermark.EVERYTHING)) {
            return size;
        }
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
        return (marks != null && concern(marks, entry, subject.tag(), isVerifiable))
                || concern(everything, entry, subject.tag(), isVerifiable);
    }

    private static boolean concern(RepositoryMarks marks, VerifiableEntry entry, @Nullable String tag,
            Predicate<VerifiableEntry> isVerifiable) {
        Verification verification = entry.verification();
        return marks.isRaisedSince(verification.asOf()) && (marks.isDeletedSince(verification, tag)
                || (marks.isMovedSince(verification, tag) && isVerifiable.test(entry)));
    }

    boolean isRaisedSince(String repository, long number) {
        RepositoryMarks marks = repositories.get(repository);
        return (marks != null && marks.isRaisedSince(number)) || everything.isRaisedSince(number);
    }

    boolean isPushedSince(String repository, long number) {
        RepositoryMarks marks = repositories.get(repository);
        return (marks != null && marks.isPushedSince(number)) || everything.isPushedSince(number);
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
