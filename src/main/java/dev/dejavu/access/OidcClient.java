package dev.dejavu.access;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.http.converter.FormHttpMessageConverter;
import org.springframework.http.converter.StringHttpMessageConverter;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.client.authentication.OAuth2LoginAuthenticationToken;
import org.springframework.security.oauth2.client.endpoint.RestClientAuthorizationCodeTokenResponseClient;
import org.springframework.security.oauth2.client.http.OAuth2ErrorResponseErrorHandler;
import org.springframework.security.oauth2.client.oidc.authentication.OidcAuthorizationCodeAuthenticationProvider;
import org.springframework.security.oauth2.client.registration.ClientRegistration;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationExchange;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationRequest;
import org.springframework.security.oauth2.core.endpoint.OAuth2AuthorizationResponse;
import org.springframework.security.oauth2.core.endpoint.PkceParameterNames;
import org.springframework.security.oauth2.core.http.converter.OAuth2AccessTokenResponseHttpMessageConverter;
import org.springframework.security.oauth2.core.oidc.OidcIdToken;
import org.springframework.security.oauth2.core.oidc.endpoint.OidcParameterNames;
import org.springframework.security.oauth2.core.oidc.user.DefaultOidcUser;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.web.client.RestClientException;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

import dev.dejavu.api.PublicPath;
import dev.dejavu.oidc.Discovery;
import dev.dejavu.oidc.OidcDecoder;

/**
 * The client of an OpenID Connect provider: the authorization code flow with PKCE. It
 * asks the provider for its addresses when somebody signs in, so the service starts
 * without it.
 */
final class OidcClient {

    private static final String BASIC = ClientAuthenticationMethod.CLIENT_SECRET_BASIC.getValue();

    private static final String POST = ClientAuthenticationMethod.CLIENT_SECRET_POST.getValue();

    /** How long the provider's addresses are used without asking it again. */
    private static final Duration MAX_AGE = Duration.ofMinutes(15);

    private final ConsoleOidcProperties properties;

    private final URI issuer;

    private final Discovery discovery;

    private final OidcAuthorizationCodeAuthenticationProvider protocol;

    private volatile @Nullable Registered registered;

    OidcClient(ConsoleOidcProperties properties, OidcIssuer rules) {
        this.properties = properties;
        this.issuer = rules.issuer();
        this.discovery = new Discovery(issuer);
        this.protocol = protocol(new OidcDecoder(issuer, rules.audience(), rules.maxLifetime()));
    }

    private static OidcAuthorizationCodeAuthenticationProvider protocol(OidcDecoder decoder) {
        RestClientAuthorizationCodeTokenResponseClient tokens = new RestClientAuthorizationCodeTokenResponseClient();
        tokens.setRestClient(Discovery.http()
            .configureMessageConverters((converters) -> converters.addCustomConverter(new FormHttpMessageConverter())
                .addCustomConverter(new StringHttpMessageConverter())
                .addCustomConverter(new OAuth2AccessTokenResponseHttpMessageConverter()))
            .defaultStatusHandler(new OAuth2ErrorResponseErrorHandler())
            .build());
        OidcAuthorizationCodeAuthenticationProvider protocol = new OidcAuthorizationCodeAuthenticationProvider(tokens,
                (request) -> new DefaultOidcUser(List.of(), request.getIdToken()));
        protocol.setJwtDecoderFactory((registration) -> decoder);
        return protocol;
    }

    URI issuer() {
        return issuer;
    }

    /**
     * Where the provider signs people in.
     * @throws AuthenticationServiceException when it does not answer
     */
    URI authorizationUri(SignInState state, HttpServletRequest request) {
        return URI.create(authorization(registration(), state, request).getAuthorizationRequestUri());
    }

    /**
     * The ID token for a code of the provider.
     * @throws OAuth2AuthenticationException when it gave none, or an error, or none that
     * counts
     * @throws AuthenticationServiceException when it does not answer
     */
    OidcIdToken idToken(SignInState state, @Nullable String code, @Nullable String error, HttpServletRequest request) {
        ClientRegistration registration = registration();
        OAuth2AuthorizationResponse response = ((code != null) ? OAuth2AuthorizationResponse.success(code)
                : OAuth2AuthorizationResponse.error((error != null) ? error : "invalid_request"))
            .redirectUri(redirectUri(request))
            .state(state.state())
            .build();
        OAuth2AuthorizationExchange exchange = new OAuth2AuthorizationExchange(
                authorization(registration, state, request), response);
        try {
            Authentication signedIn = Objects
                .requireNonNull(protocol.authenticate(new OAuth2LoginAuthenticationToken(registration, exchange)));
            return ((OidcUser) Objects.requireNonNull(signedIn.getPrincipal())).getIdToken();
        }
        catch (OAuth2AuthenticationException ex) {
            Throwable cause = ex.getCause();
            boolean isOutage = (cause instanceof JwtException && !(cause instanceof BadJwtException))
                    || "invalid_token_response".equals(ex.getError().getErrorCode());
            if (isOutage) {
                throw new AuthenticationServiceException("The provider does not answer", ex);
            }
            throw ex;
        }
    }

    private OAuth2AuthorizationRequest authorization(ClientRegistration registration, SignInState state,
            HttpServletRequest request) {
        return OAuth2AuthorizationRequest.authorizationCode()
            .authorizationUri(Objects.requireNonNull(registration.getProviderDetails().getAuthorizationUri()))
            .clientId(registration.getClientId())
            .redirectUri(redirectUri(request))
            .scopes(registration.getScopes())
            .state(state.state())
            .attributes(
                    Map.of(OidcParameterNames.NONCE, state.nonce(), PkceParameterNames.CODE_VERIFIER, state.verifier()))
            .additionalParameters(
                    Map.of(OidcParameterNames.NONCE, SignInState.hash(state.nonce()), PkceParameterNames.CODE_CHALLENGE,
                            SignInState.hash(state.verifier()), PkceParameterNames.CODE_CHALLENGE_METHOD, "S256"))
            .build();
    }

    /** As the browser sees the service. */
    private static String redirectUri(HttpServletRequest request) {
        return ServletUriComponentsBuilder.fromRequest(request)
            .replacePath(PublicPath.of(request, ConsoleSignIn.PATH + "/callback"))
            .replaceQuery(null)
            .toUriString();
    }

    private ClientRegistration registration() {
        Registered last = registered;
        if (last != null && Duration.between(last.at(), Instant.now()).compareTo(MAX_AGE) < 0) {
            return last.registration();
        }
        Registered now = new Registered(register(), Instant.now());
        registered = now;
        return now.registration();
    }

    private ClientRegistration register() {
        try {
            Map<String, Object> document = discovery.read();
            return ClientRegistration.withRegistrationId("console")
                .clientId(Objects.requireNonNull(properties.clientId()))
                .clientSecret(properties.clientSecret())
                .clientAuthenticationMethod(authentication(document))
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
                .redirectUri(ConsoleSignIn.PATH)
                .scope(properties.scopes())
                .authorizationUri(Discovery.address(document, "authorization_endpoint").toString())
                .tokenUri(Discovery.address(document, "token_endpoint").toString())
                .build();
        }
        catch (RestClientException ex) {
            throw new AuthenticationServiceException("The provider does not answer", ex);
        }
    }

    private ClientAuthenticationMethod authentication(Map<String, Object> document) {
        if (properties.clientSecret() == null) {
            return ClientAuthenticationMethod.NONE;
        }
        boolean isPostAlone = document.get("token_endpoint_auth_methods_supported") instanceof Collection<?> methods
                && methods.contains(POST) && !methods.contains(BASIC);
        return isPostAlone ? ClientAuthenticationMethod.CLIENT_SECRET_POST
                : ClientAuthenticationMethod.CLIENT_SECRET_BASIC;
    }

    private record Registered(ClientRegistration registration, Instant at) {
    }

}
