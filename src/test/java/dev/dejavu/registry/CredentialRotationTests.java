package dev.dejavu.registry;

import java.io.IOException;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Request;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A registry takes a new password from one moment to the next, and refuses the old one.
 */
class CredentialRotationTests extends CredentialHelperFixture {

    private static final String GIVES_NEW = gives("ada", "new");

    private final ScriptedRegistry registry = new ScriptedRegistry();

    private volatile String password = "old";

    private RegistryClient client;

    @BeforeEach
    void connect() throws IOException {
        registry.image("v1", "linux/amd64");
        write("{'credHelpers':{'" + registry.host() + "':'own'}}");
        client = new RegistryClient(
                RegistrySettings.of(List.of(registry.host()), "docker-config", folder.resolve("config.json").toString(),
                        "credential-helpers", helper.toString(), "timeout", "30s"),
                new DefaultSslBundleRegistry(), new JsonMapper(), clock);
        helperDoes(GIVES_OLD);
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        registry.close();
    }

    private ImageStatus check() {
        return client.check(registry.host() + "/team/app:v1", List.of("linux/amd64"));
    }

    private String basic() {
        return new Credentials("ada", password, false).basic();
    }

    private Answer basicAuth(Request request) {
        return request.authorization().equals(basic()) ? registry.serve(request)
                : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\"");
    }

    private Answer tokenAuth(Request request) {
        if (request.path().equals("/token")) {
            return request.authorization().equals(basic()) ? Answer.of(200, "{\"token\":\"for-" + password + "\"}")
                    : Answer.error(401, "UNAUTHORIZED");
        }
        return request.authorization().equals("Bearer for-" + password) ? registry.serve(request)
                : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate",
                        "Bearer realm=\"http://" + registry.host() + "/token\",service=\"s\"");
    }

    @Test
    void registryThatRefusesTheOldPasswordIsShownTheNewOneAtOnce() throws IOException {
        registry.play(this::basicAuth);
        requireNewPasswordIsShownAtOnce();
    }

    @Test
    void tokenServerThatRefusesTheOldPasswordIsShownTheNewOneAtOnce() throws IOException {
        registry.play(this::tokenAuth);
        requireNewPasswordIsShownAtOnce();
    }

    private void requireNewPasswordIsShownAtOnce() throws IOException {
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        rotate();
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        assertThat(runs()).hasSize(2);
    }

    @Test
    void passwordThatIsRefusedForGoodDoesNotKeepTheHelperBusy() throws IOException {
        password = "unknown";
        registry.play(this::basicAuth);
        for (int i = 0; i < 5; i++) {
            assertThat(check().reason()).isEqualTo(Reason.LOGIN_REFUSED);
        }
        assertThat(runs()).hasSizeLessThan(3);
    }

    @Test
    void registryIsAskedAsAStrangerWhileTheHelperFails() throws IOException {
        helperDoes("exit 3");
        registry.play(registry::serve);
        assertThat(check().outcome()).isEqualTo(Outcome.PRESENT);
        registry.play(ScriptedRegistry.always(Answer.error(404, "MANIFEST_UNKNOWN")));
        assertThat(check().reason()).isEqualTo(Reason.LOGIN_UNAVAILABLE);
        registry.play(this::basicAuth);
        assertThat(check().reason()).isEqualTo(Reason.LOGIN_UNAVAILABLE);
        registry.play(this::tokenAuth);
        assertThat(check().reason()).isEqualTo(Reason.LOGIN_UNAVAILABLE);
        registry.play((request) -> Answer.error(429, "TOOMANYREQUESTS", "Retry-After", "60"));
        assertThat(check().reason()).isEqualTo(Reason.RATE_LIMITED);
    }

    private void rotate() throws IOException {
        helperDoes(GIVES_NEW);
        password = "new";
    }

}
