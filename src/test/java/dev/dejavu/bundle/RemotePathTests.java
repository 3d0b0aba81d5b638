package dev.dejavu.bundle;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.TimeToLive;
import dev.dejavu.testing.Keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class RemotePathTests {

    private static final SharingProperties.Scopes NO_SCOPES = new SharingProperties.Scopes(List.of());

    private static final TimeToLive TTL = new TimeToLive(Duration.ofDays(30), Duration.ofDays(7), Clock.systemUTC());

    @ParameterizedTest
    @ValueSource(strings = { "s3://acme-flyte/proj/dev/fast.tar.gz", "gs://my_bucket/x", "abfs://c@account.dfs/x",
            "https://files.example.com:8443/x?y=z", "s3://localhost-of-mine/x", "union://x", "oci:x" })
    void absoluteUriIsShareable(String text) {
        assertThat(RemotePath.parse(text).isLocal()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = { "file:///tmp/x", "file:/tmp/x", "FILE:///tmp/x", "http://localhost:9000/x",
            "http://user:secret@127.0.0.1/x", "http://[::1]:9000/x", "http://host.docker.internal/x",
            "s3://LocalHost/x", "jar:file:/tmp/x!/y", "http://localhost.localdomain/x" })
    void pathReachableFromOneMachineOnlyIsLocal(String text) {
        assertThat(RemotePath.parse(text).isLocal()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "/tmp/x", "tmp/x", "C:/tmp/x", "C:\\tmp\\x", "s3://a b/x", "://x", "", "s3://a/\u00e9",
            "s3://a/x\n", "s3://a/\u0000", "s3:", "http://%6cocalhost/x", "http://[::1/x" })
    void anythingElseIsRejected(String text) {
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> RemotePath.parse(text))
            .matches((ex) -> ex.problem() == Problem.INVALID_REMOTE_PATH)
            .withMessageContaining("remote_path");
    }

    private static final List<String> DEFAULTS = List.of("s3://", "gs://", "abfs://", "abfss://");

    @ParameterizedTest
    @ValueSource(strings = { "s3://acme-flyte/proj/dev/A======/fast1.tar.gz", "gs://my_bucket/x",
            "abfs://container@account.dfs.core.windows.net/x", "abfss://c@account/x" })
    void pathInAnObjectStoreIsAllowed(String text) {
        assertThat(RemotePath.parse(text).isUnder(DEFAULTS)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "https://files.example.com/x", "http://files.example.com/x", "ftp://a/x",
            "local:///etc/passwd", "simplecache::file:///etc/passwd", "github://acme:repo@main/x",
            "s3://user:password@bucket/x", "s3://user@bucket/x", "abfs://c:secret@account/x", "s3://bucket/x?y=z",
            "s3://bucket/x#y", "s3://bucket/../x", "s3://bucket/a/./x", "s3://bucket//x", "s3://bucket/x/..",
            "s3://bucket/x/", "s3://bucket/%2e%2e/x", "s3://bucket/a%2Fb", "s3://bucket/a%5cb", "S3://bucket/x",
            "zip::s3://bucket/x", "s3:bucket/x", "data:text/plain,x", "memory://x/y" })
    void anyOtherPathIsNot(String text) {
        assertThatExceptionOfType(ProblemException.class)
            .isThrownBy(() -> new BundleRequest("a", text, null, null, null, null).toBundle(Keys.next(),
                    new BundleCacheProperties(TTL.ttl(), DEFAULTS, true), TTL, new SharingProperties(false, NO_SCOPES)))
            .matches((ex) -> ex.problem() == Problem.REMOTE_PATH_NOT_ALLOWED
                    || ex.problem() == Problem.INVALID_REMOTE_PATH || ex.problem() == Problem.NOT_SHAREABLE);
    }

    @ParameterizedTest
    @CsvSource({ "s3://acme, s3://acme/x, true", "s3://acme, s3://acme-evil/x, false", "s3://acme/, s3://acme/x, true",
            "s3://acme/flyte, s3://acme/flyte/x, true", "s3://acme/flyte, s3://acme/flyte-2/x, false",
            "s3://acme/flyte, s3://acme/x, false", "https://store.example.com, https://store.example.com/x, true",
            "https://store.example.com, https://store.example.com.evil.com/x, false",
            "https://store.example.com, https://store.example.com@evil.com/x, false" })
    void prefixEndsWhereASegmentEnds(String prefix, String text, boolean allowed) {
        assertThat(RemotePath.parse(text).isUnder(List.of(prefix))).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource({ "s3://a/proj/dev/X=/fast1316.tar.gz, true", "s3://a/uploads/proj/dev/fast1316.tar.gz, true",
            "s3://a/proj/dev/X=/fast1317.tar.gz, false", "s3://a/proj/prod/X=/fast1316.tar.gz, false",
            "s3://a/other/dev/X=/fast1316.tar.gz, false", "s3://a/xproj/dev/X=/fast1316.tar.gz, false",
            "s3://proj/dev/X=/fast1316.tar.gz, false", "s3://a/proj/dev/fast1316.tar.gz/fast.tar.gz, false",
            "s3://a/proj/dev, false" })
    void pathMustNameWhatThePartsName(String text, boolean named) {
        assertThat(RemotePath.parse(text).isOf(new BundleParts("dns:///example.union.ai:proj:dev", "1316")))
            .isEqualTo(named);
    }

    @Test
    void scopeWithoutProjectOrDomainAsksForTheDigestAlone() {
        for (String scope : List.of("dns:///x::dev", "dns:///x:proj:", "::", "dev")) {
            assertThat(RemotePath.parse("s3://a/b/fast1316.tar.gz").isOf(new BundleParts(scope, "1316"))).isTrue();
            assertThat(RemotePath.parse("s3://a/b/fast.tar.gz").isOf(new BundleParts(scope, "1316"))).isFalse();
        }
    }

    @Test
    void lengthIsBounded() {
        String longest = "s3://b/" + "a".repeat(2048 - "s3://b/".length());
        assertThat(RemotePath.parse(longest).isLocal()).isFalse();
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> RemotePath.parse(longest + "a"));
    }

}
