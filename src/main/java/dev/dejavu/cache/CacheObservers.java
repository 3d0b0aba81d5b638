package dev.dejavu.cache;

import java.util.List;
import java.util.function.Consumer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.util.function.SingletonSupplier;

/**
 * All observers. They are obtained at the first event, as they may need caches
 * themselves.
 */
@Component
public class CacheObservers {

    private static final Logger log = LoggerFactory.getLogger(CacheObservers.class);

    private final SingletonSupplier<List<CacheObserver>> observers;

    CacheObservers(ObjectProvider<CacheObserver> observers) {
        this.observers = SingletonSupplier.of(() -> observers.orderedStream().toList());
    }

    /** Tells all of them. What one of them fails at has happened all the same. */
    public void publish(Consumer<CacheObserver> event) {
        for (CacheObserver observer : observers.obtain()) {
            try {
                event.accept(observer);
            }
            catch (RuntimeException ex) {
                log.error("An observer failed", ex);
            }
        }
    }

}
