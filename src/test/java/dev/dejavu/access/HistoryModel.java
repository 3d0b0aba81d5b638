package dev.dejavu.access;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.Staleness;

/**
 * What the service may answer in a history: the last acknowledged write of each place.
 */
final class HistoryModel {

    private static final Duration TTL = Duration.ofDays(30);

    private static final Duration OVERLAY_TTL = Duration.ofDays(7);

    /**
     * A key in the base or in an overlay.
     *
     * @param path as in {@code /images/0123…}
     */
    record Place(String overlay, String path) {

        Duration ttl() {
            return overlay.isEmpty() ? TTL : OVERLAY_TTL;
        }

    }

    /**
     * An entry. Its creation time tells it from all others of a history.
     *
     * @param members of its JSON, but the author and those of the verification
     * @param authors of which it has one; empty text for none
     */
    record Entry(Place place, ObjectNode members, String value, Set<String> authors, Instant createdAt) {

        Entry by(Set<String> others) {
            return new Entry(place, members, value, others, createdAt);
        }

    }

    /**
     * What an instance may answer for a while, as another one has changed it.
     *
     * @param options empty for a miss
     * @param at when the change was acknowledged, as {@link System#nanoTime}
     */
    private record Former(int instance, Set<Optional<Entry>> options, long at) {
    }

    private static final class Cell {

        private @Nullable Entry stored;

        /** Whether the registry does not have it, and has sent an event. */
        private boolean gone;

        private final List<Former> formers = new ArrayList<>();

    }

    private final Map<Place, Cell> cells = new LinkedHashMap<>();

    private final SettableClock clock;

    private final int instances;

    /** Whether the registry was changed, so that checks may remove any image. */
    private boolean disturbed;

    HistoryModel(SettableClock clock, int instances) {
        this.clock = clock;
        this.instances = instances;
    }

    /** A change through an instance: the others may answer as before for a second. */
    private void change(Place place, int instance, @Nullable Entry entry, boolean gone) {
        Cell cell = cells.computeIfAbsent(place, (any) -> new Cell());
        Set<Optional<Entry>> before = now(place);
        cell.formers.removeIf((former) -> former.instance() == instance);
        for (int other = 0; other < instances; other++) {
            if (other != instance) {
                cell.formers.add(new Former(other, before, System.nanoTime()));
            }
        }
        cell.stored = entry;
        cell.gone = gone;
    }

    void put(Entry entry, int instance) {
        change(entry.place(), instance, entry, false);
    }

    /**
     * Removes entries.
     * @return how many rows the service may say that it removed: the least and the most
     */
    int[] remove(int instance, BiPredicate<Place, Entry> condition) {
        int[] rows = new int[2];
        for (Place place : List.copyOf(cells.keySet())) {
            Entry entry = stored(place);
            if (entry != null && condition.test(place, entry)) {
                rows[0] += isCertain(place.path()) && isLive(entry) ? 1 : 0;
                rows[1]++;
                change(place, instance, null, false);
            }
        }
        return rows;
    }

    /** Deletes what has expired, which no answer shows but the number of rows. */
    void prune() {
        for (Cell cell : cells.values()) {
            cell.stored = (cell.stored != null && isLive(cell.stored)) ? cell.stored : null;
        }
    }

    static boolean isImage(String path) {
        return path.startsWith("/images/");
    }

    /** The registry was changed, so a check may remove any image from now on. */
    void disturb() {
        disturbed = true;
    }

    /** The registry has sent an event about images. */
    void invalidate(int instance, Function<String, Boolean> isAffected, Function<String, Boolean> isPresent) {
        for (Place place : List.copyOf(cells.keySet())) {
            Entry entry = stored(place);
            if (entry != null && isImage(place.path()) && isAffected.apply(entry.value())) {
                change(place, instance, entry, !isPresent.apply(entry.value()));
            }
        }
    }

    /** The registry has an image again. */
    void restore(String value) {
        cells.values().forEach((cell) -> cell.gone &= cell.stored != null && !cell.stored.value().equals(value));
    }

    @Nullable Entry stored(Place place) {
        Cell cell = cells.get(place);
        return (cell != null) ? cell.stored : null;
    }

    /** The entries that are live, served or not. */
    List<Entry> live() {
        return cells.keySet().stream().map(this::stored).filter((entry) -> entry != null && isLive(entry)).toList();
    }

    private boolean isLive(Entry entry) {
        return entry.createdAt().plus(entry.place().ttl()).isAfter(clock.instant());
    }

    /** Whether what is stored for a key cannot have been removed by a check. */
    boolean isCertain(String path) {
        return !(disturbed && isImage(path));
    }

    private Set<Optional<Entry>> now(Place place) {
        Cell cell = cells.get(place);
        if (cell == null || cell.stored == null || cell.gone || !isLive(cell.stored)) {
            return Set.of(Optional.empty());
        }
        Optional<Entry> entry = Optional.of(cell.stored);
        return isCertain(place.path()) ? Set.of(entry) : Set.of(entry, Optional.empty());
    }

    /** What may be answered to a reader of an overlay; empty for a miss. */
    Set<Optional<Entry>> now(String overlay, String path) {
        return overBase(overlay, path, this::now);
    }

    /** The same of an instance that may not know yet what others have changed. */
    Set<Optional<Entry>> lately(String overlay, String path, int instance, long began) {
        return overBase(overlay, path, (place) -> {
            Set<Optional<Entry>> options = new HashSet<>(now(place));
            Cell cell = cells.get(place);
            if (cell != null) {
                cell.formers.stream()
                    .filter((former) -> former.instance() == instance
                            && began - former.at() < Staleness.LIMIT.toNanos())
                    .forEach((former) -> options.addAll(former.options()));
            }
            options.removeIf((entry) -> entry.isPresent() && !isLive(entry.get()));
            return options.isEmpty() ? Set.of(Optional.empty()) : options;
        });
    }

    private Set<Optional<Entry>> overBase(String overlay, String path, Function<Place, Set<Optional<Entry>>> options) {
        Set<Optional<Entry>> found = new HashSet<>(options.apply(new Place(overlay, path)));
        if (!overlay.isEmpty() && found.remove(Optional.<Entry>empty())) {
            found.addAll(options.apply(new Place("", path)));
        }
        return found;
    }

}
