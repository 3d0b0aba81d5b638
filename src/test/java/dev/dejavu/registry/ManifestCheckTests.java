package dev.dejavu.registry;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.testing.RegistryProxy;

import static org.assertj.core.api.Assertions.assertThat;

class ManifestCheckTests extends RegistryClientFixture {

    private static final List<String> BOTH = List.of("linux/amd64", "linux/arm64");

    @Test
    void imageIsPresentForItsPlatformOnly() {
        String digest = registry.push("team/one", "v1", "linux/amd64");
        assertThat(check("team/one:v1", AMD64)).isEqualTo(ImageStatus.present(digest, List.of()));
        assertThat(check("team/one@" + digest, AMD64)).isEqualTo(ImageStatus.present(digest, List.of()));
        assertThat(check("team/one:v1@" + digest, List.of())).isEqualTo(ImageStatus.present(digest, List.of()));
        assertThat(check("team/one:v1", List.of("linux/arm64")).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/one:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void variantMattersWhenItIsRequested() {
        registry.push("team/arm", "v7", "linux/arm/v7");
        registry.push("team/arm", "v8", "linux/arm64");
        assertThat(check("team/arm:v7", List.of("linux/arm/v7")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check("team/arm:v7", List.of("linux/arm")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check("team/arm:v7", List.of("linux/arm/v6")).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/arm:v8", List.of("Linux/aarch64")).outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check("team/arm:v8", List.of("arm64")).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(check("team/arm:v8", List.of("linux/arm64/v8")).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @Test
    void indexWithoutAChildIsAbsentForItsPlatform() {
        String amd64 = registry.push("team/multi", null, "linux/amd64");
        String arm64 = registry.push("team/multi", null, "linux/arm64");
        String index = registry.pushIndex("team/multi", "v1", Map.of("linux/amd64", amd64, "linux/arm64", arm64));
        assertThat(check("team/multi:v1", BOTH)).isEqualTo(ImageStatus.present(index, List.of(amd64, arm64)));
        assertThat(check("team/multi:v1", List.of("linux/s390x")).outcome()).isEqualTo(Outcome.ABSENT);
        registry.delete("team/multi", arm64);
        assertThat(check("team/multi:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/multi:v1", AMD64)).isEqualTo(ImageStatus.present(index, List.of(amd64)));
    }

    @Test
    void indexInAnIndexLeadsToItsChild() {
        String amd64 = registry.push("team/nested", null, "linux/amd64");
        String inner = registry.pushIndex("team/nested", "inner", Map.of("linux/amd64", amd64));
        String index = registry.pushIndex("team/nested", "v1", Map.of("", inner));
        assertThat(check("team/nested:v1", AMD64)).isEqualTo(ImageStatus.present(index, List.of(amd64, inner)));
        assertThat(check("team/nested:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
        proxy.takeRequests();
        assertThat(check("team/nested:v1", AMD64)).isEqualTo(ImageStatus.present(index, List.of(amd64, inner)));
        assertThat(proxy.takeRequests()).hasSize(3).allMatch((request) -> request.startsWith("HEAD "));
        registry.delete("team/nested", inner);
        assertThat(check("team/nested:v1", AMD64).outcome()).isEqualTo(Outcome.ABSENT);
    }

    @Test
    void entryWithoutAPlatformIsForThatOfItsConfig() {
        String amd64 = registry.push("team/nameless", null, "linux/amd64");
        String index = registry.pushIndex("team/nameless", "v1", Map.of("", amd64));
        assertThat(check("team/nameless:v1", AMD64)).isEqualTo(ImageStatus.present(index, List.of(amd64)));
        assertThat(check("team/nameless:v1", BOTH).outcome()).isEqualTo(Outcome.ABSENT);
        assertThat(check("team/nameless:v1", List.of())).isEqualTo(ImageStatus.present(index, List.of()));
    }

    @Test
    void tagThatMovesDuringTheCheckIsNotAbsent() {
        String first = registry.push("team/moving", "v1", "linux/amd64");
        proxy.fault((exchange) -> {
            proxy.mend();
            registry.push("team/moving", "v1", "linux/amd64");
            registry.delete("team/moving", first);
            RegistryProxy.respond(200, "", "Docker-Content-Digest", first).respond(exchange);
        });
        assertThat(check("team/moving:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
        assertThat(check("team/moving:v1", AMD64).outcome()).isEqualTo(Outcome.PRESENT);
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "<html>Sign in</html>", "{}", "[]", "null", "{\"config\":{}}", "{\"manifests\":{}}" })
    void malformedManifestIsUnknown(String body) {
        proxy.fault(RegistryProxy.respond(200, body));
        assertThat(check("team/odd:v1", AMD64).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

    @Test
    void manifestThatDoesNotMatchItsDigestIsUnknown() {
        proxy.fault(RegistryProxy.respond(200, "{\"config\":{\"digest\":\"sha256:1\"}}", "Docker-Content-Digest",
                "sha256:" + "0".repeat(64)));
        assertThat(check("team/lie:v1", List.of()).outcome()).isEqualTo(Outcome.UNKNOWN);
    }

}
