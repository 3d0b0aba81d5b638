package dev.dejavu.cache;

import java.util.List;
import java.util.function.Consumer;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

/**
 * All observers. They are obtained at the first event, as they may need caches
 * themselves.
 */
@Component
public class CacheObservers {

    private final SingletonSupplier<List<CacheObserver>> observers;

    CacheObservers(ObjectProvider<CacheObserver> observers) {
        this.observers = SingletonSupplier.of(() -> observers.orderedStream().toList());
    }

    /** Tells all of them. */
    public void publish(Consumer<CacheObserver> event) {
        observers.obtain().forEach(event);
    }

}
