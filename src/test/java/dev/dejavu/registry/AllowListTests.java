package dev.dejavu.registry;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class AllowListTests {

    @Test
    void patternsAllowHostsButNoInternalAddresses() throws Exception {
        AllowList allowed = allowList("well-known", "*.example.com", "registry.internal:5000");
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
                .isInstanceOf(InternalAddressException.class)
                .hasMessageContaining("dejavu.registry.allowed");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "docker.io", "index.docker.io", "registry-1.docker.io", "ghcr.io:443", "ghcr.io.",
            "GHCR.io.:443", "public.ecr.aws", "ecr-public.aws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr-ecr.eu-west-1.on.aws", "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
            "123456789012.dkr-ecr-fips.us-east-1.on.aws", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
            "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "acme.azurecr.io", "acme.azurecr.cn", "acme.azurecr.us",
            "acme.westeurope.geo.azurecr.io", "us.gcr.io", "europe-docker.pkg.dev", "acme.jfrog.io" })
    void wellKnownRegistryIsAllowed(String host) {
        assertThat(allowList("well-known").permits(host)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "acme.s3.eu-west-1.amazonaws.com", "acme.s3.dualstack.eu-west-1.amazonaws.com",
            "acme.s3.cn-north-1.amazonaws.com.cn", "acme.westeurope.data.azurecr.io", "acme.blob.core.chinacloudapi.cn",
            "acme.blob.core.usgovcloudapi.net", "production.cloudfront.docker.com",
            "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com", "cdn01.quay.io",
            "prod-registry-k8s-io-us-east-1.s3.dualstack.us-east-1.amazonaws.com", "eastus.data.mcr.microsoft.com" })
    void blobsMayBeElsewhereButNoClientMayNameThat(String host) {
        AllowList allowed = allowList("well-known");
        assertThat(allowed.permitsBlob(host)).isTrue();
        assertThat(allowed.permits(host)).isFalse();
        assertThat(allowed.permitsToken(host)).isFalse();
    }

    /** Anybody can have a bucket with dots in its name. */
    @ParameterizedTest
    @ValueSource(strings = { "x.dkr.ecr.evil.s3.amazonaws.com", "x.dkr.ecr.evil.s3.eu-west-1.amazonaws.com",
            "x.dkr.ecr.eu-west-1.elb.amazonaws.com", "x.dkr.ecr.eu-west-1.amazonaws.com.evil.io",
            "x.dkr-ecr.evil.eu-west-1.on.aws", "acme.azurecr.io.evil.io", "evil-azurecr.io", "azurecr.io", "pkg.dev",
            "a.evil.pkg.dev", "evilgcr.io", "docker.io.evil.io", "docker.io:80", "ghcr.io:80" })
    void strangersHostIsNotWellKnown(String host) {
        AllowList allowed = allowList("well-known");
        assertThat(allowed.permits(host)).isFalse();
        assertThat(allowed.permitsToken(host)).isFalse();
    }

    @Test
    void internalAddressIsRefusedByItsNameAlone() throws Exception {
        AllowList allowed = allowList("*", "10.0.0.7:5000", "[fd00::7]:5000");
        for (String internal : List.of("127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "10.0.0.8",
                "169.254.169.254", "[::1]", "[fd00::8]", "[::ffff:10.0.0.1]")) {
            assertThatThrownBy(() -> allowed.requireExternalName(internal)).as(internal)
                .isInstanceOf(InternalAddressException.class);
        }
        for (String other : List.of("8.8.8.8", "10.0.0.7", "[fd00::7]", "registry.example.com", "[2001:4860::8888]")) {
            allowed.requireExternalName(other);
        }
    }

    private static AllowList allowList(String... allowed) {
        return new AllowList(List.of(allowed), List.of(), new RegistryNames(List.of()), new SystemDefaultDnsResolver() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                return super.resolve(switch (host) {
                    case "registry.internal" -> "10.0.0.7";
                    case "public.example.com" -> "8.8.8.8";
                    default -> host.replace(".example.com", "");
                });
            }
        });
    }

}
