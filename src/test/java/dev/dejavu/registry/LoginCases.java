package dev.dejavu.registry;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.registry.RegistryCasesTests.Case;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Request;
import dev.dejavu.testing.ScriptedRegistry.Script;

/**
 * Rows about logins, challenges and what an absence proves.
 */
final class LoginCases {

    static final String LOGIN = "ada:secret";

    private static final String BASIC = "Basic realm=\"r\"";

    static final String BEARER = "Bearer realm=\"http://{host}/token\",service=\"s\"";

    private static final Answer UNKNOWN = Answer.error(404, "MANIFEST_UNKNOWN");

    private LoginCases() {
    }

    static Stream<Case> cases() {
        return Stream.of(hidden(), challenges(), words()).flatMap(List::stream);
    }

    /** Registries that tell strangers that nothing is there. */
    private static List<Case> hidden() {
        return List.of(
                Case.of("asks for a login at /v2/ only (containerd#3291)", (registry) -> hiding(registry, BASIC))
                    .login(LOGIN)
                    .is(Outcome.PRESENT),
                Case.of("asks for a token at /v2/ only", (registry) -> tokens(hiding(registry, BEARER)))
                    .login(LOGIN)
                    .is(Outcome.PRESENT),
                Case.of("never asks for a login", (registry) -> hiding(registry, null))
                    .login(LOGIN)
                    .is(Outcome.PRESENT),
                Case.of("asks for a login at /v2/ only, and does not have it", (registry) -> {
                    registry.remove("v1");
                    return hiding(registry, BASIC);
                }).login(LOGIN).is(Outcome.ABSENT),
                Case.of("asks for a login at /v2/ only, of one who has none", (registry) -> hiding(registry, BASIC))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("asks for a login at /v2/ only, of one who has another", (registry) -> hiding(registry, BASIC))
                    .login("ada:wrong")
                    .isUnknown(Reason.LOGIN_REFUSED),
                Case.of("says 403 to strangers", (registry) -> forbidding(registry)).login(LOGIN).is(Outcome.PRESENT),
                Case.of("says 403 to strangers, and there is no login", (registry) -> forbidding(registry))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("says 403 to the login", (registry) -> (request) -> Answer.error(403, "DENIED"))
                    .login(LOGIN)
                    .isUnknown(Reason.FORBIDDEN),
                Case.of("is too busy to say whether it wants a login",
                        (registry) -> (request) -> request.path().equals("/v2/") ? Answer
                            .error(429, "TOOMANYREQUESTS") : UNKNOWN)
                    .isUnknown(Reason.RATE_LIMITED),
                Case.of("gives strangers a token that sees nothing",
                        (registry) -> tokens((request) -> request.authorization().equals("Bearer stranger") ? UNKNOWN
                                : served(registry, request, BEARER)))
                    .login(LOGIN)
                    .is(Outcome.PRESENT));
    }

    private static List<Case> challenges() {
        return Stream
            .of("Bearer realm=\"http://{host}/token\",service=s,scope=\"\"",
                    "bearer realm = \"http://{host}/token\" , service = \"s\"",
                    "Negotiate, Bearer realm=\"http://{host}/token\",service=\"s\"",
                    "Bearer error=\"invalid_token\", " + BEARER,
                    "Bearer realm=\"http://elsewhere.example/token\", Basic realm=\"r\"",
                    "Digest realm=\"Basic realm=x, Bearer realm=y\", nonce=abc== , " + BASIC, BASIC)
            .map((field) -> Case
                .of("challenges with " + field, (registry) -> tokens((request) -> served(registry, request, field)))
                .login(LOGIN)
                .is(Outcome.PRESENT))
            .toList();
    }

    /** What registries say when they do not have it. */
    private static List<Case> words() {
        Function<Answer, Function<ScriptedRegistry, Script>> always = (
                answer) -> (registry) -> ScriptedRegistry.always(answer);
        return List.of(
                Case.of("Quay's word for a deleted tag (clair#1554)", always.apply(Answer.error(404, "TAG_EXPIRED")))
                    .is(Outcome.ABSENT),
                Case.of("Harbor's word", always.apply(Answer.error(404, "NOT_FOUND"))).is(Outcome.ABSENT),
                Case.of("no repository", always.apply(Answer.error(404, "NAME_UNKNOWN"))).is(Outcome.ABSENT),
                Case.of("gone, which no registry is known to say", always.apply(Answer.error(410, "MANIFEST_UNKNOWN")))
                    .isUnknown(Reason.UNEXPECTED_ANSWER),
                Case.of("a 404 of Artifactory itself",
                        always.apply(Answer.of(404, "{\"errors\":[{\"status\":404,\"message\":\"Not found\"}]}")))
                    .isUnknown(Reason.NOT_FOUND_UNPROVEN),
                Case.of("a 404 of a proxy", always.apply(Answer.of(404, "<html>404 Not Found</html>")))
                    .isUnknown(Reason.NOT_FOUND_UNPROVEN));
    }

    /**
     * Serves whoever shows the login, and says 401 to another login and 404 to strangers.
     */
    private static Script hiding(ScriptedRegistry registry, @Nullable String field) {
        return (request) -> {
            if (isIn(request)) {
                return registry.serve(request);
            }
            boolean asks = !request.authorization().isEmpty() || (request.path().equals("/v2/") && field != null);
            return asks ? challenge(registry, (field != null) ? field : BASIC) : UNKNOWN;
        };
    }

    private static Script forbidding(ScriptedRegistry registry) {
        return (request) -> isIn(request) ? registry.serve(request)
                : request.path().equals("/v2/") ? challenge(registry, BASIC) : Answer.error(403, "DENIED");
    }

    static Answer served(ScriptedRegistry registry, Request request, String field) {
        return isIn(request) ? registry.serve(request) : challenge(registry, field);
    }

    private static boolean isIn(Request request) {
        return List.of("Bearer t", RegistryCasesTests.basic(LOGIN)).contains(request.authorization());
    }

    static Answer challenge(ScriptedRegistry registry, String field) {
        return field.isEmpty() ? Answer.error(401, "UNAUTHORIZED")
                : Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", field.replace("{host}", registry.host()));
    }

    /** With a token server that has "t" for the login and "stranger" for strangers. */
    static Script tokens(Script rest) {
        return (request) -> {
            if (!request.path().equals("/token")) {
                return rest.answer(request);
            }
            return request.authorization().isEmpty() ? Answer.of(200, "{\"token\":\"stranger\"}")
                    : isIn(request) ? Answer.of(200, "{\"token\":\"t\"}") : Answer.error(401, "UNAUTHORIZED");
        };
    }

    static Script tokens(Script rest, Answer always) {
        return (request) -> request.path().equals("/token") ? always : rest.answer(request);
    }

}
