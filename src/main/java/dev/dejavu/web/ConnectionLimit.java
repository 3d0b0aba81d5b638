package dev.dejavu.web;

import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;
import org.springframework.util.unit.DataSize;

/**
 * Bounds the connections to as many as an eighth of the heap holds, unless a setting says
 * how many: a small heap has no place for the default of 8192.
 */
@Component
class ConnectionLimit implements WebServerFactoryCustomizer<TomcatServletWebServerFactory>, Ordered {

    private static final String SETTING = "server.tomcat.max-connections";

    private static final int MAX = 8192;

    /** Heap of a connection while it reads the header of a request. */
    private static final DataSize CONNECTION = DataSize.ofKilobytes(48);

    private final Environment environment;

    ConnectionLimit(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void customize(TomcatServletWebServerFactory factory) {
        if (!environment.containsProperty(SETTING)) {
            int connections = connections(Runtime.getRuntime().maxMemory());
            factory.addConnectorCustomizers(
                    (connector) -> connector.setProperty("maxConnections", String.valueOf(connections)));
        }
    }

    static int connections(long heap) {
        return (int) Math.min(MAX, heap / 8 / CONNECTION.toBytes());
    }

    /** Behind Spring Boot's own, which sets the default. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

}
