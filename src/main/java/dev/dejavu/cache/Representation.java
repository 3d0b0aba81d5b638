package dev.dejavu.cache;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * An entry as it is sent (RFC 9110, section 3.2).
 */
public final class Representation {

    private final String etag;

    private final byte[] json;

    /**
     * A representation.
     * @param etag in its quotes
     * @param json in UTF-8; not copied
     */
    public Representation(String etag, byte[] json) {
        this.etag = etag;
        this.json = json;
    }

    public String etag() {
        return etag;
    }

    /** Bytes of the JSON. */
    public int length() {
        return json.length;
    }

    public void writeTo(OutputStream stream) throws IOException {
        stream.write(json);
    }

    /** Writes it to memory. */
    public void writeTo(ByteBuffer buffer) {
        buffer.put(json);
    }

}
