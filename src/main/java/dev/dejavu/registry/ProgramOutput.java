package dev.dejavu.registry;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * The begin of what a program says. It is read without waiting: a child that the program
 * leaves behind may hold the pipe open, and whoever waits for its end waits with it.
 */
final class ProgramOutput {

    /** Bytes, which fit into every pipe; more may hold up the program. */
    private static final int BACKLOG = 4096;

    /** At once: it may go on for ever. */
    private static final int MAX_READS = 64;

    private final InputStream in;

    private final int limit;

    private final ByteArrayOutputStream begin = new ByteArrayOutputStream();

    private final byte[] buffer = new byte[1 << 16];

    /**
     * @param limit bytes that are kept
     */
    ProgramOutput(InputStream in, int limit) {
        this.in = in;
        this.limit = limit;
    }

    /** Reads on while the program runs, if it may have to wait for that. */
    void readBacklog() {
        read(BACKLOG);
    }

    /** Reads what is there after its end, and returns all that was kept. */
    String readRest() {
        read(1);
        return begin.toString(StandardCharsets.UTF_8);
    }

    private void read(int least) {
        try {
            for (int i = 0; i < MAX_READS && in.available() >= least; i++) {
                int count = in.read(buffer, 0, Math.min(in.available(), buffer.length));
                begin.write(buffer, 0, Math.clamp(count, 0, limit - begin.size()));
            }
        }
        catch (IOException ex) {
            // The JDK closes the pipe at the end of the program, and keeps what was in
            // it.
        }
    }

    /** Bytes that were kept. */
    int size() {
        return begin.size();
    }

}
