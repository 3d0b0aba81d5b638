package dev.dejavu.storage;

import java.util.function.Supplier;

/**
 * Executes reads of many rows, which may be slow.
 */
interface Scans {

    /** For a database that needs nothing but patience, and has its own time limit. */
    Scans DIRECT = new Scans() {
        @Override
        public <T> T execute(Supplier<T> read) {
            return read.get();
        }
    };

    <T> T execute(Supplier<T> read);

}
