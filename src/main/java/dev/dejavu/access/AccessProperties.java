package dev.dejavu.access;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who is let in.
 *
 * @param mode without it, open on loopback and with tokens elsewhere
 * @param anonymousRead with tokens: whether strangers may read
 * @param oidc issuers whose tokens are believed
 */
@ConfigurationProperties("dejavu.access")
record AccessProperties(@Nullable Mode mode, @DefaultValue("false") boolean anonymousRead,
        @DefaultValue List<OidcIssuer> oidc) {

    enum Mode {

        /** Whoever reaches the port may do all. */
        OPEN,

        /** Whoever shows a token may do what its role may. */
        TOKENS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

    }

}
