package dev.dejavu.registry;

import java.util.List;
import java.util.stream.Stream;

import dev.dejavu.registry.ImageStatus.Outcome;
import dev.dejavu.registry.ImageStatus.Reason;
import dev.dejavu.registry.RegistryCasesTests.Case;
import dev.dejavu.testing.ScriptedRegistry.Answer;

/**
 * Rows about token servers, and what they are asked for.
 */
final class TokenServerCases {

    private TokenServerCases() {
    }

    static Stream<Case> cases() {
        return Stream.concat(scopes().stream(), tokenServers().stream());
    }

    private static List<Case> scopes() {
        return List.of(scope("repository:test/cp5:pull", "oras-go#650"), scope("repository:team/app:pull,push", "all"),
                scope("repository:team/app:pull", "the own one"), scope("", "none"));
    }

    private static Case scope(String scope, String name) {
        return Case.of("names as scope: " + name, (registry) -> (request) -> {
            if (request.path().equals("/token")) {
                String wanted = scope.isEmpty() ? "repository:team/app:pull" : scope;
                boolean good = String.valueOf(request.query().get("scope")).contains(wanted);
                return Answer.of(200, good ? "{\"token\":\"t\"}" : "{\"token\":\"nothing\"}");
            }
            return LoginCases.served(registry, request, LoginCases.BEARER + ",scope=\"" + scope + "\"");
        }).is(Outcome.PRESENT);
    }

    private static List<Case> tokenServers() {
        return List.of(token("{\"token\":\"\",\"access_token\":\"t\"}").is(Outcome.PRESENT),
                token("{\"token\":null,\"access_token\":\"t\",\"expires_in\":null}").is(Outcome.PRESENT),
                token("{\"access_token\":\"t\",\"expires_in\":\"300\"}").is(Outcome.PRESENT),
                token("{\"access_token\":\"\",\"token\":\"t\",\"expires_in\":1e400}").is(Outcome.PRESENT),
                token("{\"token\":\"t\",\"expires_in\":-9223372036854775808}").is(Outcome.PRESENT),
                token("{}").isUnknown(Reason.TOKEN_SERVER_FAILED), token("[1]").isUnknown(Reason.TOKEN_SERVER_FAILED),
                token("").isUnknown(Reason.TOKEN_SERVER_FAILED), token("<html>").isUnknown(Reason.TOKEN_SERVER_FAILED),
                token("{\"token\":\"t\\r\\nX-Other: 1\"}").isUnknown(Reason.TOKEN_SERVER_FAILED),
                tokenServer("fails", Answer.of(500, "")).isUnknown(Reason.TOKEN_SERVER_FAILED),
                tokenServer("is not there", Answer.of(404, "")).isUnknown(Reason.TOKEN_SERVER_FAILED),
                tokenServer("is in maintenance", Answer.of(503, "", "Retry-After", "60"))
                    .isUnknown(Reason.TOKEN_SERVER_BUSY),
                tokenServer("is busy (hub-feedback#2204)", Answer.of(429, "", "Retry-After", "60"))
                    .isUnknown(Reason.TOKEN_SERVER_BUSY),
                tokenServer("refuses the login", Answer.error(401, "UNAUTHORIZED")).login("ada:wrong")
                    .isUnknown(Reason.LOGIN_REFUSED),
                tokenServer("sends elsewhere", Answer.of(302, "", "Location", "http://elsewhere.example/token"))
                    .isUnknown(Reason.HOST_NOT_ALLOWED),
                challengesOnly("without a realm", "Bearer service=\"s\"").isUnknown(Reason.CHALLENGE_UNKNOWN),
                challengesOnly("with a realm that is no URL", "Bearer realm=\"r\"").isUnknown(Reason.CHALLENGE_UNKNOWN),
                challengesOnly("for Negotiate", "Negotiate").login(LoginCases.LOGIN)
                    .isUnknown(Reason.CHALLENGE_UNKNOWN),
                challengesOnly("for elsewhere", "Bearer realm=\"http://elsewhere.example/token\"")
                    .isUnknown(Reason.HOST_NOT_ALLOWED),
                challengesOnly("for more than the login has", LoginCases.BEARER + ",error=\"insufficient_scope\"")
                    .login(LoginCases.LOGIN)
                    .isUnknown(Reason.FORBIDDEN),
                challengesOnly("for nothing", "").isUnknown(Reason.LOGIN_MISSING));
    }

    private static Case token(String body) {
        return tokenServer("answers " + body, Answer.of(200, body));
    }

    private static Case tokenServer(String does, Answer answer) {
        return Case.of("its token server " + does, (registry) -> LoginCases
            .tokens((request) -> LoginCases.served(registry, request, LoginCases.BEARER), answer));
    }

    private static Case challengesOnly(String how, String field) {
        return Case.of("challenges always, " + how,
                (registry) -> LoginCases.tokens((request) -> LoginCases.challenge(registry, field)));
    }

}
