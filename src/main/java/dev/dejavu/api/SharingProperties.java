package dev.dejavu.api;

import java.util.List;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.LocalHosts;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.ScopeEndpoint;

/**
 * Which values the team may share.
 *
 * @param acceptLocal whether to store values that only one machine can reach, to try the
 * service out on a laptop
 * @param scopes whose values are shared
 */
@ConfigurationProperties("dejavu")
public record SharingProperties(@DefaultValue("false") boolean acceptLocal, @DefaultValue Scopes scopes) {

    /**
     * Refuses a value that only one machine can reach, unless the setting accepts it.
     * @param local whether only one machine can reach it
     * @throws ProblemException {@link Problem#NOT_SHAREABLE}
     */
    public void requireShareable(boolean local, String detail) {
        if (local && !acceptLocal) {
            throw new ProblemException(Problem.NOT_SHAREABLE, detail);
        }
    }

    /**
     * Refuses what is of another backend than the team's. A scope without an endpoint is
     * of none.
     * @throws ProblemException {@link Problem#NOT_SHAREABLE} where the backend is another
     * one on every machine, {@link Problem#SCOPE_NOT_ALLOWED}
     */
    public void requireShareable(KeyParts parts) {
        String scope = parts.scope();
        ScopeEndpoint endpoint = ScopeEndpoint.of(scope);
        if (endpoint.isEmpty()) {
            return;
        }
        if (endpoint.isOfOneMachine()) {
            requireShareable(true, "The backend of the scope is another one on every machine.");
        }
        else if (LocalHosts.isClusterOfOneMachine(endpoint.host()) && !scopes.name(scope)) {
            requireShareable(true, "The backend of the scope is a cluster on one machine, as far as its host tells;"
                    + " dejavu.scopes.allowed may name it.");
        }
        else if (!scopes.allow(scope)) {
            throw new ProblemException(Problem.SCOPE_NOT_ALLOWED,
                    "The scope is not one of those that the team shares: see dejavu.scopes.allowed.");
        }
    }

    /**
     * The scopes that the team shares.
     *
     * @param allowed endpoints, as in {@code https://flyte.example.com}, or patterns of
     * scopes in which a {@code *} matches any text; empty for all but those of one
     * machine's backends
     */
    public record Scopes(@DefaultValue List<String> allowed) {

        public Scopes {
            for (String text : allowed) {
                try {
                    if (LocalHosts.isOfOneMachine(ScopePattern.of(text).host())) {
                        throw new IllegalArgumentException("must not name what only one machine can reach");
                    }
                }
                catch (IllegalArgumentException ex) {
                    throw new InvalidConfigurationPropertyValueException("dejavu.scopes.allowed", text,
                            ex.getMessage());
                }
            }
        }

        private boolean allow(String scope) {
            return allowed.isEmpty() || ScopePattern.anyOf(allowed).test(scope);
        }

        private boolean name(String scope) {
            return allowed.stream().map(ScopePattern::of).anyMatch((pattern) -> pattern.names(scope));
        }

    }

}
