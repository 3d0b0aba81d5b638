package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class AllowListTests {

    @Test
    void patternsAllowHostsButNoInternalAddresses() throws Exception {
        AllowList allowed = new AllowList(List.of("well-known", "*.example.com", "registry.internal:5000"),
                new SystemDefaultDnsResolver() {
                    @Override
                    public InetAddress[] resolve(String host) throws UnknownHostException {
                        return super.resolve(switch (host) {
                            case "registry.internal" -> "10.0.0.7";
                            case "public.example.com" -> "8.8.8.8";
                            default -> host.replace(".example.com", "");
                        });
                    }
                });
        assertThat(List.of("ghcr.io", "GHCR.io", "docker.io", "a.example.com", "registry.internal:5000",
                "123.dkr.ecr.eu-west-1.amazonaws.com", "europe-docker.pkg.dev"))
            .allMatch(allowed::permits);
        assertThat(List.of("example.com", "evil.io", "ghcr.io:8443", "ghcr.io.evil.io", "registry.internal",
                "a.example.com.evil.io", "storage.googleapis.com", "bucket.s3.amazonaws.com", "169.254.169.254"))
            .noneMatch(allowed::permits)
            .noneMatch((host) -> allowed.permitsToken(host));
        assertThat(allowed.permitsToken("auth.docker.io")).isTrue();
        assertThat(allowed.permitsBlob("storage.googleapis.com")).isTrue();
        assertThat(allowed.permitsBlob("169.254.169.254")).isFalse();
        assertThat(allowed.matchingPattern("a.example.com")).isEqualTo("*.example.com");
        assertThat(allowed.resolve("registry.internal")).containsExactly(InetAddress.getByName("10.0.0.7"));
        assertThat(allowed.resolve("public.example.com")).hasSize(1);
        for (String internal : List.of("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
                "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
                "2002:a00:1::")) {
            assertThatThrownBy(() -> allowed.resolve(internal + ".example.com")).as(internal)
                .hasMessageContaining("internal address");
        }
    }

}
