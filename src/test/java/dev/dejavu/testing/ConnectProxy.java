package dev.dejavu.testing;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import javax.net.ssl.SSLContext;

import org.jspecify.annotations.Nullable;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

/**
 * A proxy as companies have them: it looks up the names itself, passes on requests over
 * HTTP, and tunnels the others.
 */
public final class ConnectProxy implements AutoCloseable {

    private final ServerSocket server;

    /** Ports on this machine by {@code host:port}. */
    private final Map<String, Integer> ports = new ConcurrentHashMap<>();

    /** First lines, and then what may be secret. */
    private final List<String> requests = new CopyOnWriteArrayList<>();

    private volatile @Nullable String login;

    public ConnectProxy(@Nullable SSLContext tls) {
        try {
            this.server = (tls != null)
                    ? tls.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress())
                    : new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return server.getLocalPort();
    }

    /** Knows a host. */
    public ConnectProxy route(String host, String loopback) {
        ports.put(host, Integer.parseInt(loopback.substring(loopback.lastIndexOf(':') + 1)));
        return this;
    }

    /** Wants a login from now on: the value of the header. */
    public ConnectProxy wantLogin(String basic) {
        this.login = basic;
        return this;
    }

    /** First lines of the requests since the last call. */
    public List<String> takeRequests() {
        List<String> all = List.copyOf(requests);
        requests.removeAll(all);
        return all;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> talk(client));
            }
            catch (IOException ex) {
                // closed
            }
        }
    }

    private void talk(Socket client) {
        try (client) {
            while (true) {
                String head = readHead(client.getInputStream());
                String[] line = head.substring(0, head.indexOf('\r')).split(" ", -1);
                requests.add(line[0] + " " + line[1] + (head.contains("\r\nAuthorization: ") ? " with login" : ""));
                boolean isTunnel = line[0].equals("CONNECT");
                String target = isTunnel ? line[1] : line[1].split("/", -1)[2];
                Integer port = ports.get(target);
                if (login != null && !head.contains("\r\nProxy-Authorization: " + login + "\r\n")) {
                    answer(client, "407 Login\r\nProxy-Authenticate: Basic realm=\"proxy\"");
                }
                else if (port == null) {
                    // as if it were the registry's word
                    answer(client, "404 Not Found\r\nContent-Type: application/json",
                            "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}");
                }
                else {
                    pass(client, isTunnel, head, target, port);
                    return;
                }
            }
        }
        catch (IOException ex) {
            // the client is gone
        }
    }

    private static void pass(Socket client, boolean isTunnel, String head, String target, int port) throws IOException {
        try (Socket upstream = new Socket(InetAddress.getLoopbackAddress(), port)) {
            if (isTunnel) {
                client.getOutputStream().write("HTTP/1.1 200 Connected\r\n\r\n".getBytes(ISO_8859_1));
            }
            else {
                String request = head.replaceFirst("http://" + target, "")
                    .replaceAll("(?i)\r\n(Proxy-Authorization|Proxy-Connection|Connection): [^\r]*", "")
                    .replaceFirst("\r\n", "\r\nConnection: close\r\n");
                upstream.getOutputStream().write(request.getBytes(ISO_8859_1));
            }
            Thread back = Thread.ofVirtual().start(() -> copy(upstream, client));
            if (isTunnel) {
                copy(client, upstream);
            }
            back.join();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private static void copy(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                out.flush();
            }
        }
        catch (IOException ex) {
            // one side is gone
        }
        finally {
            close(to);
            close(from);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        }
        catch (IOException ex) {
            // it is closed
        }
    }

    private static void answer(Socket client, String head) throws IOException {
        answer(client, head, "");
    }

    private static void answer(Socket client, String head, String body) throws IOException {
        client.getOutputStream()
            .write(("HTTP/1.1 " + head + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(ISO_8859_1));
    }

    private static String readHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException();
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @Override
    public void close() {
        try {
            server.close();
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

}
