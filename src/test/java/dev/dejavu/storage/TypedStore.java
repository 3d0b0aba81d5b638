package dev.dejavu.storage;

import java.nio.file.FileStore;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileStoreAttributeView;

import org.jspecify.annotations.Nullable;

/**
 * A drive that has a type and a terabyte, of which as much is free as is set.
 */
final class TypedStore extends FileStore {

    private final String type;

    private long free;

    TypedStore(String type) {
        this.type = type;
    }

    void setFree(long bytes) {
        this.free = bytes;
    }

    @Override
    public String name() {
        return type;
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public long getTotalSpace() {
        return 1L << 40;
    }

    @Override
    public long getUsableSpace() {
        return free;
    }

    @Override
    public long getUnallocatedSpace() {
        return 0;
    }

    @Override
    public boolean supportsFileAttributeView(Class<? extends FileAttributeView> view) {
        return false;
    }

    @Override
    public boolean supportsFileAttributeView(String name) {
        return false;
    }

    @Override
    public <V extends FileStoreAttributeView> @Nullable V getFileStoreAttributeView(Class<V> view) {
        return null;
    }

    @Override
    public Object getAttribute(String attribute) {
        throw new UnsupportedOperationException();
    }

}
