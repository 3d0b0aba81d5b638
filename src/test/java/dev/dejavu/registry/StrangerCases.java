package dev.dejavu.registry;

import java.util.List;
import java.util.stream.Stream;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.registry.RegistryCasesTests.Case;
import dev.dejavu.testing.ScriptedRegistry;
import dev.dejavu.testing.ScriptedRegistry.Answer;
import dev.dejavu.testing.ScriptedRegistry.Script;

/**
 * Rows about what a registry tells strangers, and what that proves.
 */
final class StrangerCases {

    private static final Answer UNKNOWN = Answer.error(404, "MANIFEST_UNKNOWN");

    private static final Answer NO_NAME = Answer.error(404, "NAME_UNKNOWN");

    private static final Answer LOGIN = Answer.error(401, "UNAUTHORIZED", "WWW-Authenticate", "Basic realm=\"r\"");

    private StrangerCases() {
    }

    static Stream<Case> cases() {
        return Stream.of(tokens(), hidden(), atRoot()).flatMap(List::stream);
    }

    /** Token servers that have a token for everybody. */
    private static List<Case> tokens() {
        return List.of(Case.of("gives strangers a token, as Docker Hub", (registry) -> token(registry, registry::serve))
            .is(Outcome.PRESENT), Case.of("gives strangers a token, and does not have it", (registry) -> {
                registry.remove("v1");
                return token(registry, registry::serve);
            }).is(Outcome.ABSENT), Case
                .of("gives strangers a token that it refuses, as Docker Hub for what is private",
                        (registry) -> LoginCases
                            .tokens((request) -> LoginCases.served(registry, request, LoginCases.BEARER)))
                .isUnknown(Reason.LOGIN_MISSING),
                Case.of("gives strangers no token, as ghcr.io",
                        (registry) -> LoginCases.tokens((request) -> LoginCases.challenge(registry, LoginCases.BEARER),
                                Answer.error(403, "DENIED")))
                    .isUnknown(Reason.LOGIN_MISSING));
    }

    /** What Artifactory does with anonymous access and hidden resources. */
    private static List<Case> hidden() {
        Answer artifactory = Answer.error(404, "MANIFEST_UNKNOWN", "X-JFrog-Version", "Artifactory/7.12.8 71208900");
        return List.of(
                Case.of("gives strangers a token that sees nothing",
                        (registry) -> token(registry, (request) -> UNKNOWN))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("gives strangers a token that sees no repository",
                        (registry) -> token(registry, (request) -> NO_NAME))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("gives strangers a token that sees nothing, and knows no HEAD", (registry) -> {
                    Script rest = token(registry, (request) -> UNKNOWN);
                    return (request) -> request.method().equals("HEAD") ? Answer.of(405, "") : rest.answer(request);
                }).isUnknown(Reason.LOGIN_MISSING), Case
                    .of("gives strangers a token that sees nothing, and welcomes them at /v2/",
                            (registry) -> token(registry,
                                    (request) -> request.path().equals("/v2/") ? Answer.of(200, "") : UNKNOWN))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("welcomes strangers at /v2/, and hides what is theirs not",
                        (registry) -> ScriptedRegistry.always(artifactory))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("welcomes strangers at /v2/, shows them the repository, and does not have it",
                        (registry) -> (request) -> request.path().contains("/manifests/") ? artifactory
                                : registry.serve(request))
                    .is(Outcome.ABSENT),
                Case.of("gives strangers a token, and is too busy to list tags",
                        (registry) -> token(registry,
                                (request) -> request.path().endsWith("/tags/list")
                                        ? Answer.error(429, "TOOMANYREQUESTS") : UNKNOWN))
                    .isUnknown(Reason.RATE_LIMITED));
    }

    /** What {@code /v2/} says to strangers. */
    private static List<Case> atRoot() {
        return List.of(
                Case.of("lets strangers in, and does not have it", (registry) -> ScriptedRegistry.always(UNKNOWN))
                    .is(Outcome.ABSENT),
                Case.of("has nothing at /v2/", (registry) -> (request) -> UNKNOWN).isUnknown(Reason.NOT_FOUND_UNPROVEN),
                Case.of("forbids strangers /v2/", (registry) -> root(Answer.error(403, "DENIED")))
                    .isUnknown(Reason.LOGIN_MISSING),
                Case.of("has a page at /v2/ for people", (registry) -> root(Answer.of(302, "", "Location", "/login")))
                    .isUnknown(Reason.NOT_FOUND_UNPROVEN),
                Case.of("asks for a login at /v2/, and shows strangers the repository",
                        (registry) -> (request) -> request.path().equals("/v2/") ? LOGIN
                                : request.path().contains("/manifests/") ? UNKNOWN : registry.serve(request))
                    .is(Outcome.ABSENT),
                Case.of("asks for a login at /v2/, and says of a tag that it was there",
                        (registry) -> (request) -> request.path().equals("/v2/") ? LOGIN
                                : Answer.error(404, "TAG_EXPIRED"))
                    .is(Outcome.ABSENT));
    }

    private static Script root(Answer answer) {
        return (request) -> request.path().equals("/v2/") ? answer : UNKNOWN;
    }

    /** Answers to whoever shows a token, which strangers get. */
    private static Script token(ScriptedRegistry registry, Script rest) {
        return LoginCases.tokens((request) -> request.authorization().startsWith("Bearer ") ? rest.answer(request)
                : LoginCases.challenge(registry, LoginCases.BEARER));
    }

}
