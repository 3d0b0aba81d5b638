package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.testing.SettableClock;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A credential helper of our own: a script that notes each run, and then does what a test
 * wants.
 */
abstract class CredentialHelperFixture extends DockerConfigFixture {

    static final String IMAGE = "r.example.com/team/app:v1";

    static final String GIVES_OLD = gives("ada", "old");

    static final String HAS_NONE = "echo credentials not found in native keychain; exit 1";

    final SettableClock clock = new SettableClock();

    Path helper;

    DockerCredentials credentials;

    @BeforeEach
    void start() throws IOException {
        helper = Files.writeString(folder.resolve("docker-credential-own"), """
                #!/bin/sh
                cd "${0%/*}" || exit 9
                read -r server
                echo "$1 $server" >> runs
                . ./does
                """);
        assertThat(helper.toFile().setExecutable(true)).isTrue();
        write("{'credHelpers':{'r.example.com':'own','docker.io':'own'}}");
        credentials = credentials(helper.toString(), "30s");
    }

    @AfterEach
    void stop() {
        credentials.close();
    }

    DockerCredentials credentials(String helpers, String timeout) {
        return new DockerCredentials(RegistrySettings.of(List.of("r.example.com"), "docker-config",
                folder.resolve("config.json").toString(), "credential-helpers", helpers, "timeout", timeout),
                new JsonMapper(), clock);
    }

    static String gives(String user, String secret) {
        return "echo '{\"ServerURL\":\"s\",\"Username\":\"" + user + "\",\"Secret\":\"" + secret + "\"}'";
    }

    void helperDoes(String shell) throws IOException {
        Files.writeString(folder.resolve("does"), shell + "\n");
    }

    /** What it was asked, in the order of its runs. */
    List<String> runs() throws IOException {
        Path runs = folder.resolve("runs");
        return Files.exists(runs) ? Files.readAllLines(runs) : List.of();
    }

    String login(String image) {
        return login(credentials, image);
    }

}
