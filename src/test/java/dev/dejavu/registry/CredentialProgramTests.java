package dev.dejavu.registry;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class CredentialProgramTests extends CredentialHelperFixture {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            exit 3                                     | ended with exit code 3
            kill -9 $$                                 | ended with exit code 137
            echo the reason >&2; exit 1                | ended with exit code 1: the reason
            echo not implemented; exit 1               | ended with exit code 1: not implemented
            echo hidden                                | no JSON with Username and Secret
            echo '{"Username":"ada"}'                  | no JSON with Username and Secret
            echo '{"Username":"ada","Secret":"hidden"' | no JSON with Username and Secret
            true                                       | no JSON with Username and Secret
            yes hidden                                 | said more than 65536 bytes
            """)
    void helperThatFailsSaysWhy(String shell, String why, CapturedOutput output) throws IOException {
        helperDoes(shell);
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(output.getAll()).containsOnlyOnce("docker-credential-own for r.example.com: ")
            .contains(why)
            .doesNotContain("hidden");
        assertThat(runs()).hasSize(1);
    }

    @Test
    void helperThatIsNotThereIsLoggedAtTheStart(CapturedOutput output) {
        credentials.close();
        credentials = credentials("own", "1s");
        assertThat(output.getAll()).contains("there is no program docker-credential-own");
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
    }

    @Test
    void whatLooksLikeASecretIsNotLogged(CapturedOutput output) throws IOException {
        helperDoes("""
                echo 'no login at https://sts.example.com/ with AKIAIOSFODNN7EXAMPLE' >&2
                echo 'Authorization: Bearer eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl, password=hunter2' >&2
                echo '{"Secret": "hunter3", "token":"hunter4"}' >&2
                head -c 100000 /dev/zero >&2
                exit 1""");
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        String line = output.getAll().lines().filter((text) -> text.contains("exit code 1")).findFirst().orElseThrow();
        assertThat(line).contains("no login at https://sts.example.com/ with …")
            .doesNotContain("AKIA", "eyJ", "c2ln", "hunter", "\u0000")
            .hasSizeLessThan(700);
    }

    @Test
    void childThatOutlivesTheHelperHoldsNothingUp() throws Exception {
        helperDoes("sleep 300 & echo $! > child; " + GIVES_OLD);
        assertThat(login(IMAGE)).isEqualTo("ada:old");
        helperDoes("sleep 300 & echo $! >> child; echo no cloud here >&2; exit 3");
        assertThat(login("docker.io/team/app:v1")).isEqualTo(UNAVAILABLE);
        assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
            .noneMatch((name) -> name.startsWith("credential-helper"));
        for (String child : Files.readAllLines(folder.resolve("child"))) {
            ProcessHandle left = ProcessHandle.of(Long.parseLong(child)).orElseThrow();
            assertThat(left.isAlive()).isTrue();
            left.destroyForcibly();
        }
    }

    @Test
    void longAnswerIsReadWhileTheHelperRuns() throws IOException {
        String secret = "x".repeat(60_000);
        helperDoes("head -c 200000 /dev/zero >&2; " + gives("ada", secret) + "; head -c 200000 /dev/zero >&2");
        assertThat(login(IMAGE)).isEqualTo("ada:" + secret);
    }

    @Test
    void helperThatHangsIsKilledWithItsChildren(CapturedOutput output) throws Exception {
        credentials.close();
        credentials = credentials(helper.toString(), "2s");
        helperDoes("sleep 300 & echo $! > child; sleep 300 & wait");
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(output.getAll()).contains("did not end within 1600 ms");
        long child = Long.parseLong(Files.readString(folder.resolve("child")).strip());
        ProcessHandle.of(child).ifPresent((process) -> process.onExit().orTimeout(30, TimeUnit.SECONDS).join());
    }

    @ParameterizedTest
    @ValueSource(strings = { "", "other", "/usr/bin/docker-credential-other" })
    void helperThatTheSettingsDoNotListIsNeverRun(String listed) throws IOException {
        credentials.close();
        credentials = credentials(listed, "30s");
        helperDoes(GIVES_OLD);
        write("{'credsStore':'%s','credHelpers':{'r.example.com':'own','quay.io':'../own','ghcr.io':'%s'}}"
            .formatted(helper, helper));
        assertThat(login(IMAGE)).isEqualTo(UNAVAILABLE);
        assertThat(login("quay.io/team/app:v1")).isEqualTo(UNAVAILABLE);
        assertThat(login("ghcr.io/team/app:v1")).isEqualTo(UNAVAILABLE);
        assertThat(login("gcr.io/team/app:v1")).isEqualTo(UNAVAILABLE);
        assertThat(runs()).isEmpty();
    }

    @Test
    void helperIsNotRunForARegistryThatMayNotBeAsked() throws IOException {
        helperDoes(GIVES_OLD);
        write("{'credsStore':'own'}");
        try (RegistryClient registries = new RegistryClient(
                RegistrySettings.of(List.of("other.example.com"), "docker-config",
                        folder.resolve("config.json").toString(), "credential-helpers", helper.toString()),
                new DefaultSslBundleRegistry(), new JsonMapper(), clock)) {
            assertThat(registries.check(IMAGE, List.of()).reason()).isEqualTo(Reason.NOT_ASKED);
        }
        assertThat(runs()).isEmpty();
    }

    @Test
    void helperGetsWhatItsCloudSetAndNoneOfOurPasswords() {
        Map<String, String> environment = new HashMap<>(
                Map.of("PATH", "/bin", "AWS_ROLE_ARN", "role", "DEJAVU_ADMIN_TOKEN", "secret",
                        "SPRING_DATASOURCE_PASSWORD", "secret", "spring_datasource_url", "url"));
        CredentialProgram.removeOwnSettings(environment);
        assertThat(environment).containsOnlyKeys("PATH", "AWS_ROLE_ARN");
    }

    @ParameterizedTest
    @ValueSource(strings = { "a b", "../own", "own;id", "/bin/sh", "bin/docker-credential-own", "Own",
            "/opt/docker-credential-", "/opt/docker-credential-own -x" })
    void settingTakesNamesAndPathsOfHelpersAlone(String helper) {
        assertThatExceptionOfType(BindException.class)
            .isThrownBy(() -> RegistrySettings.of(List.of("r.example.com"), "credential-helpers", helper));
    }

}
