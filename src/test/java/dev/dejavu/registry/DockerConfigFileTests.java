package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class DockerConfigFileTests extends DockerConfigFixture {

    private static final String HUB = "docker.io/team/app:v1";

    @Test
    void whatIsOfNoUseIsLoggedOnceAndWithoutSecrets(CapturedOutput output) throws IOException {
        Path config = write("""
                {'auths':{'ghcr.io':{'auth':'~hidden1~'},'ada:hidden2@quay.io':{'auth':'*hidden3'},
                'x.io':{'registrytoken':'hidden4'}},'credsStore':'desktop','credHelpers':{'gcr.io':'gcloud'}}""");
        try (DockerCredentials credentials = credentials(config)) {
            assertThat(login(credentials, "a.io/b:c")).isEqualTo(NONE);
            assertThat(login(credentials, "ghcr.io/b:c")).isEqualTo(UNAVAILABLE);
        }
        assertThat(output.getAll().lines().filter((line) -> line.contains(config.toString()))).hasSize(5)
            .anyMatch((line) -> line.contains("WARN") && line.contains("auths ghcr.io: it has no base64"))
            .anyMatch((line) -> line.contains("quay.io: it has no base64"))
            .anyMatch((line) -> line.contains("auths x.io: a registrytoken"))
            .anyMatch((line) -> line.contains("credsStore: docker-credential-desktop is not run"))
            .anyMatch((line) -> line.contains("credHelpers gcr.io: docker-credential-gcloud is not run"));
        assertThat(output.getAll()).doesNotContain("hidden");
    }

    @Test
    void fileThatIsNotThereIsLoggedOnceAndReadWhenItIs(CapturedOutput output) throws IOException {
        Path config = folder.resolve("config.json");
        try (DockerCredentials credentials = credentials(config)) {
            assertThat(output.getAll()).contains("WARN").contains(config + " is not there");
            assertThat(login(credentials, HUB)).isEqualTo(UNAVAILABLE);
            write("{'auths':{'docker.io':{'auth':'~ada:secret~'}}}");
            assertThat(login(credentials, HUB)).isEqualTo("ada:secret");
        }
        assertThat(output.getAll()).containsOnlyOnce("is not there");
    }

    @Test
    void fileIsReadAgainThoughItsTimeAndSizeStay() throws IOException {
        Path config = write("{'auths':{'docker.io':{'auth':'~ada:old~'}}}");
        FileTime time = Files.getLastModifiedTime(config);
        try (DockerCredentials credentials = credentials(config)) {
            assertThat(login(credentials, HUB)).isEqualTo("ada:old");
            write("{'auths':{'docker.io':{'auth':'~ada:new~'}}}");
            Files.setLastModifiedTime(config, time);
            assertThat(login(credentials, HUB)).isEqualTo("ada:new");
        }
    }

    @Test
    void secretIsReadAgainWhenKubernetesSwapsItsLink() throws IOException {
        Path first = Files.createDirectory(folder.resolve("..1"));
        Path second = Files.createDirectory(folder.resolve("..2"));
        Files.move(write("{'auths':{'docker.io':{'auth':'~ada:old~'}}}"), first.resolve("config.json"));
        Files.move(write("{'auths':{'docker.io':{'auth':'~ada:new~'}}}"), second.resolve("config.json"));
        Path data = Files.createSymbolicLink(folder.resolve("..data"), first.getFileName());
        Path config = Files.createSymbolicLink(folder.resolve("config.json"), Path.of("..data/config.json"));
        try (DockerCredentials credentials = credentials(config)) {
            assertThat(login(credentials, HUB)).isEqualTo("ada:old");
            Files.delete(data);
            assertThat(login(credentials, HUB)).isEqualTo("ada:old");
            Files.createSymbolicLink(data, second.getFileName());
            assertThat(login(credentials, HUB)).isEqualTo("ada:new");
        }
    }

    @Test
    void fileThatIsHalfWrittenKeepsWhatWasBefore(CapturedOutput output) throws IOException {
        Path config = write("{'auths':{'docker.io':{'auth':'~ada:old~'}}}");
        try (DockerCredentials credentials = credentials(config)) {
            for (String half : List.of("", "{'auths':{'docker.io':{", "{'auths':{'docker.io':{'auth':'~ada")) {
                Files.writeString(config, half.replace('\'', '"'));
                assertThat(login(credentials, HUB)).isEqualTo("ada:old");
            }
            write("{'auths':{}}");
            assertThat(login(credentials, HUB)).isEqualTo(NONE);
        }
        assertThat(output.getAll()).contains("the logins read before stay in use");
    }

}
