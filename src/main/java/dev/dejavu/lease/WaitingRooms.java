package dev.dejavu.lease;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.stereotype.Component;
import org.springframework.util.unit.DataSize;

import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;

/**
 * The waiting rooms of this instance. Each request in one has a connection, so there are
 * as many seats as half of the connections for which the heap has room.
 */
@Component
class WaitingRooms implements ApplicationListener<ContextClosedEvent> {

    /** Heap of a connection, twice, of an eighth of the heap. */
    private static final long SEAT = DataSize.ofKilobytes(2 * 48 * 8).toBytes();

    private static final int MAX_SEATS = 4096;

    /** Of callers that are trusted less. */
    private static final String LESSER = "";

    private final Map<CacheKey, WaitingRoom> rooms = new ConcurrentHashMap<>();

    private final Map<String, Integer> taken = new ConcurrentHashMap<>();

    private final int seats = Math.clamp(Runtime.getRuntime().maxMemory() / SEAT, 1, MAX_SEATS);

    private final int maxPerCaller;

    private volatile boolean isClosed;

    WaitingRooms(LeaseProperties properties) {
        this.maxPerCaller = properties.maxPerCaller();
    }

    /**
     * A seat in a waiting room, to be closed.
     *
     * @param group of those who share a bound
     */
    record Seat(WaitingRooms rooms, CacheKey key, String group, WaitingRoom room,
            WaitingRoom.Waiter waiter) implements AutoCloseable {

        WaitingRoom.Call await(long deadline) {
            return room.await(waiter, deadline);
        }

        @Override
        public void close() {
            room.leave(waiter);
            rooms.leave(key, group);
        }

    }

    /**
     * Takes a seat.
     * @param isBuilder whether it would build; else it only waits for the entry
     * @param looksAlone whether it looks for something else than the others
     * @return {@code null} if none is free
     */
    @Nullable Seat enter(CacheKey key, Caller caller, boolean isBuilder, boolean looksAlone) {
        String group = group(caller);
        if (isClosed || !takeSeat(group)) {
            return null;
        }
        WaitingRoom.Waiter[] waiter = new WaitingRoom.Waiter[1];
        WaitingRoom room = rooms.compute(key, (any, open) -> {
            WaitingRoom entered = (open != null) ? open : new WaitingRoom();
            waiter[0] = entered.enter(isBuilder, looksAlone);
            return entered;
        });
        if (isClosed) {
            room.close();
        }
        return new Seat(this, key, group, room, waiter[0]);
    }

    /**
     * All who are bound to an overlay, or need a token and have none, are one. No token
     * has an empty name.
     */
    private static String group(Caller caller) {
        boolean isLesser = !caller.overlay().isEmpty() || (caller.name() == null && !caller.isTrusted());
        return isLesser ? LESSER : Objects.requireNonNullElse(caller.name(), Caller.ANYONE);
    }

    private boolean takeSeat(String group) {
        int max = group.equals(LESSER) ? Math.max(1, Math.min(maxPerCaller, seats / 2)) : maxPerCaller;
        if (waiting() >= seats) {
            return false;
        }
        boolean[] isTaken = new boolean[1];
        taken.compute(group, (any, count) -> {
            int before = (count != null) ? count : 0;
            isTaken[0] = before < max;
            return isTaken[0] ? before + 1 : count;
        });
        return isTaken[0];
    }

    private void leave(CacheKey key, String group) {
        rooms.computeIfPresent(key, (any, room) -> room.isEmpty() ? null : room);
        taken.computeIfPresent(group, (any, count) -> (count > 1) ? count - 1 : null);
    }

    /** How many requests wait. */
    int waiting() {
        return taken.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** How many wait for a key. */
    int waiting(CacheKey key) {
        WaitingRoom room = rooms.get(key);
        return (room != null) ? room.size() : 0;
    }

    /** Entries were written: those in the base are read in overlays too. */
    void changed(List<CacheKey> keys) {
        if (rooms.isEmpty()) {
            return;
        }
        for (CacheKey key : keys) {
            in(key, WaitingRoom::changed);
            if (key.isInBase()) {
                rooms.forEach((other, room) -> {
                    if (!other.isInBase() && other.hex().equals(key.hex())) {
                        room.changed();
                    }
                });
            }
        }
    }

    /** A lease of a key has ended, or may have. */
    void ended(CacheKey key) {
        in(key, WaitingRoom::ended);
    }

    private void in(CacheKey key, Consumer<WaitingRoom> event) {
        WaitingRoom room = rooms.get(key);
        if (room != null) {
            event.accept(room);
        }
    }

    /** Anything may have happened. */
    void reset() {
        rooms.values().forEach(WaitingRoom::ended);
    }

    /** Before the web server stops, so that those who wait can go elsewhere. */
    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        isClosed = true;
        rooms.values().forEach(WaitingRoom::close);
    }

}
