package dev.dejavu.testing;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

import org.jspecify.annotations.Nullable;

import static org.awaitility.Awaitility.await;

/**
 * A connection to a server on loopback that can be cut (open connections break, new ones
 * are refused), frozen (connections stay open, and no data gets through), and delayed
 * (what is sent arrives after its sender has given up).
 */
public final class TcpProxy implements Closeable {

    private final int port;

    private final int target;

    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();

    private final Condition thawed = lock.newCondition();

    /** Ends of connections from which no data gets through. */
    private final Set<Socket> held = new HashSet<>();

    /** A connection is held from the data on that has this text. */
    private @Nullable String holdAt;

    private boolean frozen;

    private @Nullable ServerSocket server;

    /** Starts cut; {@link #mend()} connects it. */
    public TcpProxy(int target) throws IOException {
        this.target = target;
        this.port = Loopback.freePort();
    }

    public int port() {
        return port;
    }

    public void mend() throws IOException {
        ServerSocket opened = new ServerSocket();
        opened.setReuseAddress(true);
        opened.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        server = opened;
        start(() -> accept(opened));
    }

    public void cut() throws IOException {
        if (server != null) {
            server.close();
        }
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    public void freeze(boolean freeze) {
        lock.lock();
        try {
            frozen = freeze;
            thawed.signalAll();
        }
        finally {
            lock.unlock();
        }
    }

    /** Delays what is sent on the connections that are open now, until the release. */
    public void holdOpen() {
        lock.lock();
        try {
            held.addAll(sockets);
        }
        finally {
            lock.unlock();
        }
    }

    /** Delays the next data with this text and what follows it, until the release. */
    public void holdAt(String text) {
        lock.lock();
        try {
            holdAt = text;
        }
        finally {
            lock.unlock();
        }
    }

    /**
     * Delivers what was delayed, and waits until the connections it was for are closed.
     */
    public void release() {
        Set<Socket> released;
        lock.lock();
        try {
            holdAt = null;
            released = Set.copyOf(held);
            held.clear();
            thawed.signalAll();
        }
        finally {
            lock.unlock();
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> released.stream().allMatch(Socket::isClosed));
    }

    /** Whether the text to hold at was met. */
    public boolean isHolding() {
        lock.lock();
        try {
            return !held.isEmpty();
        }
        finally {
            lock.unlock();
        }
    }

    /** Of its own, as those of the service and its callers may have all carriers. */
    private static void start(Runnable task) {
        Thread.ofPlatform().daemon().start(task);
    }

    private void accept(ServerSocket opened) {
        try {
            while (true) {
                Socket client = opened.accept();
                sockets.add(client);
                connect(client);
            }
        }
        catch (IOException ex) {
            // cut
        }
    }

    /** A server that is away refuses this connection, and may accept the next one. */
    private void connect(Socket client) throws IOException {
        try {
            Socket upstream = new Socket(InetAddress.getLoopbackAddress(), target);
            sockets.add(upstream);
            start(() -> pump(client, upstream));
            start(() -> pump(upstream, client));
        }
        catch (IOException ex) {
            client.close();
        }
    }

    private void pump(Socket from, Socket to) {
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read != -1; read = in.read(buffer)) {
                awaitThaw(from, new String(buffer, 0, read, StandardCharsets.ISO_8859_1));
                out.write(buffer, 0, read);
            }
        }
        catch (IOException ex) {
            // cut, or closed by one end
        }
    }

    private void awaitThaw(Socket from, String data) {
        lock.lock();
        try {
            if (holdAt != null && data.contains(holdAt)) {
                holdAt = null;
                held.add(from);
            }
            while (frozen || held.contains(from)) {
                thawed.awaitUninterruptibly();
            }
        }
        finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws IOException {
        freeze(false);
        cut();
        release();
    }

}
