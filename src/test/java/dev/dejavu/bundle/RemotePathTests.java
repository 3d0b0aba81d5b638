package dev.dejavu.bundle;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class RemotePathTests {

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

    @Test
    void lengthIsBounded() {
        String longest = "s3://b/" + "a".repeat(2048 - "s3://b/".length());
        assertThat(RemotePath.parse(longest).isLocal()).isFalse();
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> RemotePath.parse(longest + "a"));
    }

}
