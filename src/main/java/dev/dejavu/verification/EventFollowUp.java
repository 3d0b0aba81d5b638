package dev.dejavu.verification;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

import dev.dejavu.cache.VerifiableEntry;
import dev.dejavu.cache.VerifiableRepository;
import dev.dejavu.cache.Watermark;

/**
 * Checks in the background some entries that watermarks concern, so that their next
 * lookup need not wait. To find those of a manifest it would have to read the whole
 * repository: they wait for their next lookup.
 *
 * @param <E> the entry
 */
final class EventFollowUp<E extends VerifiableEntry> {

    private static final Logger log = LoggerFactory.getLogger(EventFollowUp.class);

    /** Of one tag or repository. */
    private static final int MAX_CHECKS = 100;

    private static final int MAX_WAITING = 1000;

    private final VerifiableRepository<E> repository;

    private final EntryCheck<E> check;

    private final FreshnessPolicy policy;

    private final Set<Subject> waiting = new LinkedHashSet<>();

    private boolean running;

    EventFollowUp(VerifiableRepository<E> repository, EntryCheck<E> check, FreshnessPolicy policy) {
        this.repository = repository;
        this.check = check;
        this.policy = policy;
    }

    /** Starts to check what was raised. */
    synchronized void check(List<Watermark> raised) {
        raised.stream()
            .filter((mark) -> mark.tag() != null || (mark.isOfWhole() && mark.deleted() == mark.latest()))
            .limit(MAX_WAITING - waiting.size())
            .forEach((mark) -> waiting.add(new Subject(mark.repository(), mark.tag())));
        if (!running && !waiting.isEmpty()) {
            running = true;
            Thread.ofVirtual().name("events").start(this::run);
        }
    }

    private void run() {
        for (Subject subject = next(); subject != null; subject = next()) {
            try {
                for (E entry : repository.findByRepository(subject.repository(), subject.tag(), MAX_CHECKS)) {
                    if (policy.needsCheck(entry)) {
                        check.forget(entry.key());
                        var _ = check.start(entry);
                    }
                }
            }
            catch (DataAccessException ex) {
                log.debug("Not checked after an event: the next lookup will", ex);
            }
        }
    }

    private synchronized @Nullable Subject next() {
        Iterator<Subject> subjects = waiting.iterator();
        running = subjects.hasNext();
        if (!running) {
            return null;
        }
        Subject next = subjects.next();
        subjects.remove();
        return next;
    }

    private record Subject(String repository, @Nullable String tag) {
    }

}
