package dev.dejavu.registry;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Shows logins, and those that were refused not again for a while: too many wrong ones
 * lock an account. A login that is not known to be good is tried by one check at a time,
 * whichever repository it is for.
 */
final class LoginRefusals {

    private static final Duration LIFETIME = Duration.ofMinutes(1);

    /** By registry; where the login is good and may not read one, by repository. */
    private final Cache<Key, RegistryException> refusals;

    /** By registry. */
    private final Cache<Key, Boolean> good;

    private final Cache<Key, ReentrantLock> trials = Caffeine.newBuilder().weakValues().build();

    private record Key(String where, Credentials login) {
    }

    /**
     * Shows a login.
     */
    interface Attempt {

        RegistryResponse run() throws IOException;

    }

    LoginRefusals(Clock clock) {
        Caffeine<Object, Object> settings = Caffeine.newBuilder()
            .maximumSize(10_000)
            .expireAfterWrite(LIFETIME)
            .ticker(Authorizations.ticker(clock));
        this.refusals = settings.build();
        this.good = settings.build();
    }

    /**
     * Fails while the login is refused.
     * @param login {@code null} for none, which nobody refuses
     */
    void requireNone(ImageReference reference, @Nullable Credentials login) throws RegistryException {
        if (login != null) {
            requireNone(new Key(reference.registry(), login));
            requireNone(new Key(reference.repository(), login));
        }
    }

    private void requireNone(Key key) throws RegistryException {
        RegistryException refusal = refusals.getIfPresent(key);
        if (refusal != null) {
            throw refusal;
        }
    }

    /**
     * Shows a login unless it is refused.
     * @param login {@code null} for none
     * @throws RegistryException when it is, or was just now
     */
    RegistryResponse show(ImageReference reference, @Nullable Credentials login, Attempt attempt) throws IOException {
        if (login == null) {
            return attempt.run();
        }
        Key key = new Key(reference.registry(), login);
        if (good.getIfPresent(key) != null) {
            return run(reference, key, attempt);
        }
        ReentrantLock trial = trials.get(key, (_) -> new ReentrantLock());
        try {
            trial.lockInterruptibly();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("the login is being tried");
        }
        try {
            if (good.getIfPresent(key) == null) {
                return run(reference, key, attempt);
            }
        }
        finally {
            trial.unlock();
        }
        return run(reference, key, attempt);
    }

    private RegistryResponse run(ImageReference reference, Key key, Attempt attempt) throws IOException {
        requireNone(reference, key.login());
        try {
            RegistryResponse response = attempt.run();
            good.put(key, true);
            return response;
        }
        catch (RegistryException ex) {
            if (ex.reason() == Reason.LOGIN_REFUSED) {
                good.invalidate(key);
                refusals.put(key, ex);
            }
            if (ex.reason() == Reason.FORBIDDEN) {
                refusals.put(new Key(reference.repository(), key.login()), ex);
            }
            throw ex;
        }
    }

}
