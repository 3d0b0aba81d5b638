package dev.dejavu.access;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

import dev.dejavu.api.Wildcard;
import dev.dejavu.oidc.OidcDecoder;

/**
 * An OpenID Connect issuer whose tokens are accepted.
 *
 * @param issuer as its tokens name it, and where its discovery document is
 * @param audience that its tokens must have
 * @param maxLifetime of a token, from its issue to its expiry
 * @param rules from claims to a role; the first one that matches decides, and no match is
 * no access
 */
record OidcIssuer(URI issuer, String audience, @DefaultValue("24h") Duration maxLifetime,
        @DefaultValue List<Rule> rules) {

    private static final String SETTING = "dejavu.access.oidc[*].";

    OidcIssuer {
        if (!OidcDecoder.isIssuer(issuer)) {
            throw new InvalidConfigurationPropertyValueException(SETTING + "issuer", issuer,
                    "must be an https address, as in https://token.actions.githubusercontent.com");
        }
        if (audience == null || audience.isBlank()) {
            throw new InvalidConfigurationPropertyValueException(SETTING + "audience", audience, "must not be empty");
        }
        if (!maxLifetime.isPositive()) {
            throw new InvalidConfigurationPropertyValueException(SETTING + "max-lifetime", maxLifetime,
                    "must be positive");
        }
        if (rules.isEmpty()) {
            throw new InvalidConfigurationPropertyValueException(SETTING + "rules", rules,
                    "must have at least one rule, as no match is no access");
        }
    }

    /**
     * Who the holder of a token is. A name is unique among all issuers and tokens: the
     * issuer, a {@code #} and the subject.
     */
    Identity identity(Map<String, Object> claims) {
        String name = issuer + "#" + claims.getOrDefault("sub", "");
        Instant expiresAt = (Instant) claims.get("exp");
        Rule rule = rules.stream().filter((candidate) -> candidate.matches(claims)).findFirst().orElse(null);
        String overlay = (rule == null || rule.overlay() == null) ? "" : OverlayName.of(rule.overlay(), claims);
        // Without its overlay it must not get into the base instead.
        return (rule != null && overlay != null) ? new Identity(name, rule.role(), overlay, rule.limits(), expiresAt)
                : new Identity(name, null, "", Limits.NONE, expiresAt);
    }

    /**
     * A role for tokens whose claims match.
     *
     * @param role of such tokens
     * @param claims all of them must match
     * @param overlay where such tokens write, a template over claims as in
     * {@code {repository}/{ref}}; the base by default
     * @param limits what such tokens read and write; none by default
     */
    record Rule(Role role, @DefaultValue List<Claim> claims, @Nullable String overlay, Limits limits) {

        Rule(Role role, @DefaultValue List<Claim> claims, @Nullable String overlay, @Nullable Limits limits) {
            this.role = role;
            this.claims = claims;
            this.overlay = overlay;
            this.limits = (limits != null) ? limits : Limits.NONE;
            check();
        }

        private void check() {
            if (role == null) {
                throw new InvalidConfigurationPropertyValueException(SETTING + "rules[*].role", "",
                        "must be read, write or admin");
            }
            if (claims.isEmpty()) {
                throw new InvalidConfigurationPropertyValueException(SETTING + "rules[*].claims", claims,
                        "must have one claim at least, as in sub=*");
            }
            if (overlay != null && !OverlayName.isTemplate(overlay)) {
                throw new InvalidConfigurationPropertyValueException(SETTING + "rules[*].overlay", overlay,
                        "must be a name with claims in braces, as in {repository}/{ref}");
            }
            if (!limits.equals(Limits.NONE) && (role == Role.ADMIN || !limits.isValid())) {
                throw new InvalidConfigurationPropertyValueException(SETTING + "rules[*].limits", limits,
                        "must be of the role read or write, and have 50 patterns of 512 characters and four * at most");
            }
        }

        boolean matches(Map<String, Object> actual) {
            return claims.stream().allMatch((claim) -> claim.matches(actual.get(claim.name())));
        }

    }

    /**
     * A required claim, written {@code name=value}; a {@code *} in the value matches any
     * text. Of a claim that is a list, one element must match.
     */
    record Claim(String name, Pattern value) {

        /** Reads it as it is written; public for the binder. */
        public static Claim valueOf(String text) {
            int equals = text.indexOf('=');
            if (equals < 1) {
                throw new InvalidConfigurationPropertyValueException(SETTING + "rules[*].claims", text,
                        "must be written name=value");
            }
            return new Claim(text.substring(0, equals).strip(), Wildcard.compile(text.substring(equals + 1).strip()));
        }

        boolean matches(@Nullable Object actual) {
            return switch (actual) {
                case null -> false;
                case Collection<?> elements -> elements.stream().anyMatch(this::matches);
                default -> value.matcher(actual.toString()).matches();
            };
        }

    }

}
