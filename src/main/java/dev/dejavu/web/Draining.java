package dev.dejavu.web;

import java.io.IOException;
import java.time.Duration;

import jakarta.servlet.ServletException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.AbstractProtocol;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;

/**
 * Lets callers go before the web server stops, which would answer the next request on a
 * connection with 503: for a moment each answer ends its connection, so that its caller
 * opens the next one elsewhere.
 */
@Component
class Draining implements SmartLifecycle, WebServerFactoryCustomizer<TomcatServletWebServerFactory> {

    private static final Duration MAX_WAIT = Duration.ofSeconds(1);

    private static final Duration TICK = Duration.ofMillis(10);

    private final ServletWebServerApplicationContext context;

    private volatile boolean running;

    private volatile boolean draining;

    Draining(ServletWebServerApplicationContext context) {
        this.context = context;
    }

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        factory.addEngineValves(new Valve(this));
    }

    @Override
    public void start() {
        running = true;
        draining = false;
    }

    /** Ends when there are no connections any more, or after a second. */
    @Override
    public void stop() {
        running = false;
        draining = true;
        long begin = System.nanoTime();
        try {
            while (hasConnections() && System.nanoTime() - begin < MAX_WAIT.toNanos()) {
                Thread.sleep(TICK);
            }
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    /** One more than there are: Tomcat counts the one that it waits for. */
    private boolean hasConnections() {
        return protocol() instanceof AbstractProtocol<?> protocol && protocol.getConnectionCount() > 1;
    }

    private @Nullable Object protocol() {
        return (context.getWebServer() instanceof TomcatWebServer server)
                ? server.getTomcat().getConnector().getProtocolHandler() : null;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    private static final class Valve extends ValveBase {

        private final Draining state;

        Valve(Draining state) {
            super(true);
            this.state = state;
        }

        @Override
        public void invoke(Request request, Response response) throws IOException, ServletException {
            closeIfDraining(response);
            getNext().invoke(request, response);
            closeIfDraining(response);
        }

        private void closeIfDraining(Response response) {
            if (state.draining && !response.isCommitted()) {
                response.setHeader(HttpHeaders.CONNECTION, "close");
            }
        }

    }

}
