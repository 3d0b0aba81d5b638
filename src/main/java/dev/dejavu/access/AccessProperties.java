package dev.dejavu.access;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Access control.
 *
 * @param mode whether callers need a token; by default they do not on loopback, and do
 * elsewhere
 * @param anonymousRead whether, in mode tokens, anonymous callers may read
 * @param firstWriteWins whether, in mode tokens, who is no administrator may not replace
 * the value of another identity without {@code If-Match}
 * @param oidc OpenID Connect issuers whose tokens are accepted
 */
@ConfigurationProperties(value = "dejavu.access", ignoreUnknownFields = false)
record AccessProperties(@Nullable Mode mode, @DefaultValue("false") boolean anonymousRead,
        @DefaultValue("false") boolean firstWriteWins, @DefaultValue List<OidcIssuer> oidc) {

    enum Mode {

        /** Anyone who reaches the port may do everything. */
        OPEN,

        /** A caller may do what the role of its token may. */
        TOKENS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

    }

}
