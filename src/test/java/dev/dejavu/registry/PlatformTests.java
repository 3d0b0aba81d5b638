package dev.dejavu.registry;

import java.util.Objects;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class PlatformTests {

    @ParameterizedTest
    @CsvSource({ "linux/arm/v7, linux/arm", "linux/arm/v7, linux/armhf", "linux/arm/v6, Linux/armel/v7",
            "linux/arm/v6, linux/arm/6", "linux/arm64, linux/aarch64/v8", "linux/arm64, linux/arm64/8",
            "linux/arm64/v9, linux/arm64/9.0", "linux/amd64, linux/x86_64/v1", "linux/386, linux/i386/x" })
    void spellingsOfOnePlatformAreEqual(String one, String other) {
        assertThat(Platform.parse(other)).isNotNull().isEqualTo(Platform.parse(one));
    }

    @ParameterizedTest
    @CsvSource({ "linux/arm/v7, linux/arm/v5", "linux/arm/v8, linux/arm", "linux/amd64/v3, linux/amd64",
            "linux/arm64/v8.2, linux/arm64", "linux/arm64/v9, linux/arm64", "linux/arm64/v9, linux/arm64/v8.5",
            "linux/arm64/v9.2, linux/arm64/v9.1", "linux/s390x, linux/s390x" })
    void earlierVariantIsAccepted(String wanted, String image) {
        assertThat(accepts(wanted, image)).isTrue();
        assertThat(accepts(image, wanted)).isEqualTo(image.equals(wanted));
    }

    @ParameterizedTest
    @CsvSource({ "linux/amd64, linux/386", "linux/arm64, linux/arm/v7", "linux/amd64, windows/amd64",
            "linux/arm64/v9, linux/arm64/v8.6", "linux/mips64le/v3, linux/mips64le/v2", "linux/arm, linux/arm/hard" })
    void otherPlatformIsNotAccepted(String wanted, String image) {
        assertThat(accepts(wanted, image)).isFalse();
        assertThat(accepts(image, wanted)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "linux", "linux/", "/amd64", "linux/amd64/", "linux/arm/v7/x", "windows(10.0)/amd64",
            "linux/*" })
    void otherTextIsNoPlatform(String text) {
        assertThat(Platform.parse(text)).isNull();
    }

    private static boolean accepts(String wanted, String image) {
        return platform(wanted).accepts(platform(image));
    }

    private static Platform platform(String text) {
        return Objects.requireNonNull(Platform.parse(text));
    }

}
