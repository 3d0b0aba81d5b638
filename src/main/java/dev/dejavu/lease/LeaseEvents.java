package dev.dejavu.lease;

import java.time.Instant;
import java.util.List;

import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.ChangeListener;
import dev.dejavu.cache.PutResult;

/**
 * Brings what happens to images and leases, here and elsewhere, to those who wait.
 */
@Component
class LeaseEvents implements CacheObserver, ChangeListener {

    private final Leases leases;

    private final WaitingRooms rooms;

    private final KnownLeases known;

    private final Cache<?> images;

    LeaseEvents(Leases leases, WaitingRooms rooms, KnownLeases known, List<Cache<?>> caches) {
        this.leases = leases;
        this.rooms = rooms;
        this.known = known;
        this.images = caches.stream().filter((cache) -> cache.name().equals(Leases.CACHE)).findFirst().orElseThrow();
    }

    @Override
    public void onWrite(String cache, PutResult<?> result) {
        if (cache.equals(Leases.CACHE)) {
            CacheKey key = result.entry().key();
            rooms.changed(List.of(key));
            leases.onStored(key);
        }
    }

    @Override
    public void onChange(String cache, List<CacheKey> keys) {
        if (cache.equals(Leases.CACHE)) {
            rooms.changed(keys);
            keys.forEach((key) -> known.takenHere(key).ifPresent((since) -> endIfStored(key, since)));
        }
    }

    @Override
    public void onRemoved(String cache, List<CacheKey> keys) {
        // What is not there ends nothing.
    }

    /**
     * The instance that stored an image may not have known of a lease that was taken here
     * a moment ago.
     */
    private void endIfStored(CacheKey key, Instant since) {
        Thread.ofVirtual().name("lease-end").start(() -> {
            try {
                if (images.lookups()
                    .inspect(key)
                    .filter((entry) -> entry.key().equals(key) && !entry.createdAt().isBefore(since))
                    .isPresent()) {
                    leases.onStored(key);
                }
            }
            catch (DataAccessException ex) {
                // It ends by its TTL.
            }
        });
    }

    @Override
    public void onLeaseTaken(CacheKey key) {
        known.add(key);
    }

    @Override
    public void onLeaseEnded(CacheKey key) {
        rooms.ended(key);
    }

    @Override
    public void onReset() {
        known.reset();
        rooms.reset();
    }

}
