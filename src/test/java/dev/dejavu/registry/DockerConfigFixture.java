package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Base64;
import java.util.List;
import java.util.Objects;

import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Logins in a config.json. In its texts {@code ~a:b~} stands for the base64 of
 * {@code a:b}, quotes are single ones, and {@code ¶} is a line end.
 */
abstract class DockerConfigFixture {

    static final String NONE = "none";

    static final String UNAVAILABLE = "unavailable";

    @TempDir
    Path folder;

    static DockerCredentials credentials(Path config) {
        return new DockerCredentials(RegistrySettings.of(List.of("r.example.com"), "docker-config", config.toString()),
                new JsonMapper(), Clock.systemUTC());
    }

    /** As in {@code user:password}, with a {@code !} behind a refresh token. */
    static String login(CredentialStore credentials, String image) {
        try {
            Credentials found = credentials.find(Objects.requireNonNull(ImageReference.parse(image)));
            return (found == null) ? NONE : found.user() + ":" + found.password() + (found.isRefreshToken() ? "!" : "");
        }
        catch (RegistryException ex) {
            assertThat(ex.status().reason()).isEqualTo(Reason.LOGIN_UNAVAILABLE);
            return UNAVAILABLE;
        }
    }

    Path write(String text) throws IOException {
        StringBuilder json = new StringBuilder();
        String[] parts = text.replace('\'', '"').replace('¶', '\n').split("~", -1);
        for (int i = 0; i < parts.length; i++) {
            byte[] plain = parts[i].getBytes(StandardCharsets.UTF_8);
            json.append((i % 2 == 0) ? parts[i] : Base64.getEncoder().encodeToString(plain));
        }
        return Files.writeString(folder.resolve("config.json"), json);
    }

}
