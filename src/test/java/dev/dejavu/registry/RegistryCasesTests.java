package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Script;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The table of cases: what registries answered in public, and what is right to make of
 * it. Each row has a registry of its own, with the image {@code team/app:v1} for
 * linux/amd64.
 */
class RegistryCasesTests {

    private static final String UNAUTHORIZED = "UNAUTHORIZED";

    static Stream<Case> cases() {
        return Stream.of(Case.of("there", (registry) -> registry::serve).is(Outcome.PRESENT),
                Case.of("not there", (registry) -> ScriptedRegistry.always(Answer.error(404, "MANIFEST_UNKNOWN")))
                    .is(Outcome.ABSENT),
                Case.of("wants a login, and none is configured",
                        (registry) -> (request) -> Answer.error(401, UNAUTHORIZED, "WWW-Authenticate",
                                "Basic realm=\"r\""))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("wants the login that is configured", (registry) -> withLogin(registry, "ada:secret"))
                    .login("ada:secret")
                    .is(Outcome.PRESENT));
    }

    private static Script withLogin(ScriptedRegistry registry, String login) {
        return (request) -> request.authorization().equals(basic(login)) ? registry.serve(request)
                : Answer.error(401, UNAUTHORIZED, "WWW-Authenticate", "Basic realm=\"r\"");
    }

    static String basic(String login) {
        return "Basic " + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @MethodSource({ "cases", "dev.dejavu.registry.ManifestCases#head", "dev.dejavu.registry.ManifestCases#indexes",
            "dev.dejavu.registry.DocumentCases#kinds", "dev.dejavu.registry.DocumentCases#bodies",
            "dev.dejavu.registry.DocumentCases#headers", "dev.dejavu.registry.LoginCases#cases",
            "dev.dejavu.registry.StrangerCases#cases", "dev.dejavu.registry.TokenServerCases#cases" })
    void outcomeIsRight(Case row, @TempDir Path folder) throws IOException {
        try (ScriptedRegistry registry = new ScriptedRegistry()) {
            registry.image("v1", "linux/amd64");
            registry.play(row.script.apply(registry));
            Path config = Files.writeString(folder.resolve("config.json"), row.configOf(registry.host()));
            try (RegistryClient client = RegistrySettings.client(List.of(registry.host()), "docker-config",
                    config.toString())) {
                ImageStatus status = client.check(registry.host() + "/team/app:v1", List.of(row.platform));
                assertThat(status.outcome()).as(status.toString()).isEqualTo(row.outcome);
                assertThat(status.reason()).as(status.toString()).isEqualTo(row.reason);
            }
        }
    }

    /**
     * A row of the table.
     *
     * @param name what the registry does, with the public report of it
     * @param script its answers
     * @param config a Docker config.json, in which {@code {host}} stands for the registry
     * @param platform that is asked for
     */
    record Case(String name, Function<ScriptedRegistry, Script> script, String config, String platform, Outcome outcome,
            @Nullable Reason reason) {

        static Case of(String name, Function<ScriptedRegistry, Script> script) {
            return new Case(name, script, "{}", "linux/amd64", Outcome.UNKNOWN, null);
        }

        Case is(Outcome right) {
            return new Case(name, script, config, platform, right, null);
        }

        Case isUnknown(Reason right) {
            return new Case(name, script, config, platform, Outcome.UNKNOWN, right);
        }

        Case platform(String other) {
            return new Case(name, script, config, other, outcome, reason);
        }

        Case login(String login) {
            return withConfig("{\"auths\":{\"{host}\":{\"auth\":\"" + basic(login).substring(6) + "\"}}}");
        }

        Case withConfig(String text) {
            return new Case(name, script, text, platform, outcome, reason);
        }

        String configOf(String host) {
            return config.replace("{host}", host);
        }

        @Override
        public String toString() {
            return name;
        }

    }

}
