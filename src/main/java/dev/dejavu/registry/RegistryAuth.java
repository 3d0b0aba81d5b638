package dev.dejavu.registry;

import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.registry.ImageStatus.Reason;

/**
 * Requests to registries, with the credentials that they challenge for. A password goes
 * to the registry that it is for, and to the token server that this registry names. Some
 * registries tell a stranger that a private image does not exist, so whoever has
 * credentials shows them before "not found" is believed.
 */
final class RegistryAuth {

    private final RegistryHttp http;

    private final CredentialStore credentials;

    private final ChallengeAnswers answers;

    private final Authorizations authorizations;

    private final LoginRefusals refusals;

    private final AbsenceProof absence;

    RegistryAuth(RegistryHttp http, CredentialStore credentials, JsonMapper json, Clock clock) {
        this.http = http;
        this.credentials = credentials;
        this.answers = new ChallengeAnswers(new TokenServers(http, json, clock));
        this.authorizations = new Authorizations(clock);
        this.refusals = new LoginRefusals(clock);
        this.absence = new AbsenceProof(http, json, clock);
    }

    /**
     * Sends a request about a repository. A response to GET with 404 is never one that a
     * login would have changed.
     * @param method {@code HEAD} or {@code GET}
     * @param path behind {@code /v2/<name>/}
     * @throws RegistryException when a login is missing, refused or not to be had
     * @throws IOException when there is no response, or it leads to a host that is not
     * allowed
     */
    RegistryResponse send(String method, ImageReference reference, String path) throws IOException {
        Credentials login;
        try {
            login = credentials.find(reference);
        }
        catch (RegistryException ex) {
            return sendAsStranger(method, reference, path, ex);
        }
        try {
            return send(method, reference, path, login);
        }
        catch (RegistryException ex) {
            if (login == null || ex.reason() != Reason.LOGIN_REFUSED) {
                throw ex;
            }
            credentials.refused(reference, login);
            Credentials newer = credentials.find(reference);
            if (newer == null || newer.equals(login)) {
                throw ex;
            }
            return send(method, reference, path, newer);
        }
    }

    /** Without the login that is not to be had: only what is there is believed. */
    private RegistryResponse sendAsStranger(String method, ImageReference reference, String path,
            RegistryException unavailable) throws IOException {
        try {
            RegistryResponse response = send(method, reference, path, (Credentials) null);
            if (method.equals("GET") && (response.status() == 403 || response.status() == 404)) {
                throw unavailable;
            }
            return response;
        }
        catch (RegistryException ex) {
            boolean wantsLogin = ex.reason() == Reason.LOGIN_MISSING || ex.reason() == Reason.NOT_FOUND_UNPROVEN;
            throw wantsLogin ? unavailable : ex;
        }
    }

    private RegistryResponse send(String method, ImageReference reference, String path, @Nullable Credentials login)
            throws IOException {
        refusals.requireNone(reference, login);
        Authorizations.Key key = new Authorizations.Key(reference.repository(), login);
        URI uri = http.uri(reference, path);
        Authorization known = authorizations.find(key);
        if (known != null) {
            RegistryResponse response = http.send(method, uri, known.value());
            if (response.status() != 401) {
                return absence.require(method, response, reference, uri, login, known);
            }
            // Harbor names its token server to strangers alone.
            authorizations.drop(key, known);
        }
        RegistryResponse response = http.send(method, uri, null);
        boolean mayHide = response.status() == 404 || response.status() == 403;
        if (response.status() != 401 && (!mayHide || login == null)) {
            return absence.require(method, response, reference, uri, login, null);
        }
        List<Challenge> challenges = challenges(response, uri);
        return refusals.show(reference, login, () -> answer(method, key, challenges, reference, uri));
    }

    private RegistryResponse answer(String method, Authorizations.Key key, List<Challenge> challenges,
            ImageReference reference, URI uri) throws IOException {
        Authorization shown = authorizations.get(key, () -> answers.answer(challenges, reference, key.login()));
        RegistryResponse response = http.send(method, uri, shown.value());
        if (response.status() == 401) {
            authorizations.drop(key, shown);
            throw ChallengeAnswers.refused(parse(response), shown, key.login());
        }
        return absence.require(method, response, reference, uri, key.login(), shown);
    }

    /** What a registry wants to see: its own challenges, or those at {@code /v2/}. */
    private List<Challenge> challenges(RegistryResponse response, URI uri) throws IOException {
        List<Challenge> challenges = parse(response);
        return challenges.isEmpty() ? parse(absence.askAtRoot(uri)) : challenges;
    }

    private static List<Challenge> parse(RegistryResponse response) {
        return (response.status() == 401) ? Challenge.parse(response.headers().getOrEmpty(HttpHeaders.WWW_AUTHENTICATE))
                : List.of();
    }

}
