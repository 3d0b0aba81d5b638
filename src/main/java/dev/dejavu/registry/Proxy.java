package dev.dejavu.registry;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.core5.http.HttpHost;
import org.jspecify.annotations.Nullable;
import org.springframework.util.StringUtils;

/**
 * A proxy through which registries are asked.
 *
 * @param source what names it, for the log
 * @param exceptions the hosts that are asked directly
 */
record Proxy(HttpHost host, @Nullable UsernamePasswordCredentials login, String source, NoProxy exceptions) {

    /**
     * Reads the URL of a proxy.
     * @param url as in {@code http://user:password@proxy.example.com:3128}; without a
     * scheme it is {@code http}
     * @throws IllegalArgumentException when it is none; the message has no password
     */
    static Proxy parse(String url, String source, NoProxy exceptions) {
        String text = url.contains("://") ? url : "http://" + url;
        String scheme = text.substring(0, text.indexOf("://")).toLowerCase(Locale.ROOT);
        String rest = text.substring(scheme.length() + 3).replaceFirst("[/?#][^@]*$", "");
        String login = rest.substring(0, Math.max(rest.lastIndexOf('@'), 0));
        URI address = URI.create("http://" + rest.substring(rest.lastIndexOf('@') + 1));
        if (address.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
            throw new IllegalArgumentException(scheme + "://… is no proxy over HTTP");
        }
        int port = (address.getPort() >= 0) ? address.getPort() : scheme.equals("https") ? 443 : 80;
        return new Proxy(new HttpHost(scheme, address.getHost().replaceAll("^\\[|]$", ""), port), login(login), source,
                exceptions);
    }

    private static @Nullable UsernamePasswordCredentials login(String text) {
        String[] parts = text.split(":", 2);
        return text.isEmpty() ? null : new UsernamePasswordCredentials(decode(parts[0]),
                decode((parts.length > 1) ? parts[1] : "").toCharArray());
    }

    private static String decode(String text) {
        return StringUtils.uriDecode(text, StandardCharsets.UTF_8);
    }

    /** Without the login. */
    @Override
    public String toString() {
        return host.toURI();
    }

}
