package dev.dejavu.testing;

import java.util.random.RandomGenerator;

/**
 * A generator that returns the number a test sets. Until then nothing happens by chance.
 */
public final class SettableRandom implements RandomGenerator {

    public static final double NEVER = Math.nextDown(1.0);

    private volatile double next = NEVER;

    public void set(double next) {
        this.next = next;
    }

    @Override
    public double nextDouble() {
        return next;
    }

    @Override
    public long nextLong() {
        throw new UnsupportedOperationException();
    }

}
