package dev.dejavu.cache;

import java.util.function.Supplier;

/**
 * Executes reads of many rows, which may be slow.
 */
public interface Scans {

    /** For a database that needs nothing but patience, and has its own time limit. */
    Scans DIRECT = new Scans() {
        @Override
        public <T> T execute(Supplier<T> read) {
            return read.get();
        }
    };

    /**
     * Executes one.
     * @throws org.springframework.dao.QueryTimeoutException when it takes too long
     */
    <T> T execute(Supplier<T> read);

}
