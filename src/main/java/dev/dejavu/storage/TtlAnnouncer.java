package dev.dejavu.storage;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;

/**
 * Announces the TTLs of this instance before it serves, and every ten minutes, so that no
 * other instance prunes what it serves.
 */
@Component
class TtlAnnouncer implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(TtlAnnouncer.class);

    private static final Duration INTERVAL = Duration.ofMinutes(10);

    private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

    private final List<JdbcCacheRepository<?>> repositories;

    private volatile @Nullable Thread thread;

    TtlAnnouncer(List<JdbcCacheRepository<?>> repositories) {
        this.repositories = repositories;
    }

    @Override
    public void start() {
        boolean announced = announce();
        thread = Thread.ofVirtual().name("ttl").start(() -> run(announced));
    }

    private void run(boolean announced) {
        boolean succeeded = announced;
        try {
            while (true) {
                Thread.sleep(succeeded ? INTERVAL : RETRY_DELAY);
                succeeded = announce();
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean announce() {
        try {
            repositories.forEach(JdbcCacheRepository::announceTtl);
            return true;
        }
        catch (DataAccessException ex) {
            log.debug("The TTLs cannot be announced", ex);
            return false;
        }
    }

    @Override
    public void stop() {
        Thread running = thread;
        thread = null;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return thread != null;
    }

    /** After the group commit, and before the web server. */
    @Override
    public int getPhase() {
        return 1;
    }

}
