package dev.dejavu.access;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Sample;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whose word for a client's address counts in the audit log. The proxy of these tests is
 * on loopback.
 */
class ClientAddressTests extends AccessFixture {

    private static final String PROXIES = "--server.tomcat.remoteip.internal-proxies=";

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # strategy | proxies        | X-Forwarded-For           | client_ip
            none       |                | 203.0.113.7               | 127.0.0.1
            native     |                | 203.0.113.7               | 203.0.113.7
            native     |                | 203.0.113.7, 10.0.0.5     | 10.0.0.5
            native     |                | 203.0.113.7, 172.18.0.2   | 172.18.0.2
            native     | 192.0.2.0/24   | 203.0.113.7               | 127.0.0.1
            native     | 127.0.0.1/32,10.0.0.5/32 | 203.0.113.7, 10.0.0.5 | 203.0.113.7
            native     | 127.0.0.1/32,10.0.0.5/32 | 198.51.100.9, 203.0.113.7 | 203.0.113.7
            """)
    void auditLogTakesTheAddressFromConfiguredProxiesAlone(String strategy, String proxies, String forwarded,
            String clientIp) {
        Http http = start("--server.forward-headers-strategy=" + strategy, "--dejavu.access.mode=tokens",
                "--dejavu.admin-token=" + ADMIN,
                (proxies != null) ? PROXIES + proxies : "--dejavu.access.anonymous-read=false");
        Logger audit = (Logger) LoggerFactory.getLogger("dev.dejavu.audit");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        audit.addAppender(lines);
        try {
            Sample image = Sample.image();
            http.send("PUT", image.path(), BodyPublishers.ofString(image.body()), "Content-Type", "application/json",
                    "Authorization", "Bearer " + ADMIN, "X-Forwarded-For", forwarded);
        }
        finally {
            audit.detachAppender(lines);
        }
        assertThat(lines.list).singleElement()
            .satisfies((line) -> assertThat(line.getFormattedMessage()).contains("\"client_ip\":\"" + clientIp + "\""));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # strategy | proxies      | prefix of a Location
            none       |              |
            native     |              | /tools
            native     | 192.0.2.0/24 |
            """)
    void prefixOfAPathComesFromConfiguredProxiesAlone(String strategy, String proxies, String prefix) {
        Http http = start("--server.forward-headers-strategy=" + strategy, "--dejavu.access.mode=tokens",
                "--dejavu.admin-token=" + ADMIN,
                (proxies != null) ? PROXIES + proxies : "--dejavu.access.anonymous-read=false");
        Sample image = Sample.image();
        HttpResponse<String> stored = http.send("PUT", image.path(), BodyPublishers.ofString(image.body()),
                "Content-Type", "application/json", "Authorization", "Bearer " + ADMIN, "X-Forwarded-For",
                "203.0.113.7", "X-Forwarded-Prefix", "/tools");
        assertThat(Http.header(stored, "Location")).isEqualTo(((prefix != null) ? prefix : "") + image.path());
    }

}
