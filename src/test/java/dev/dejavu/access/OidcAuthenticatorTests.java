package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.util.Map;

import org.junit.jupiter.api.Test;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Issuer;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static org.assertj.core.api.Assertions.assertThat;

class OidcAuthenticatorTests extends AccessFixture {

    @Test
    void adminTokenMayLookLikeAnOidcToken() {
        String looksLikeOidc = "SG.0123456789.0123456789012345";
        Issuer issuer = new Issuer();
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + looksLikeOidc,
                "--dejavu.access.oidc[0].issuer=" + issuer.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                "--dejavu.access.oidc[0].rules[0].role=read", "--dejavu.access.oidc[0].rules[0].claims=sub=*");
        assertThat(get(http, looksLikeOidc, "/tokens").statusCode()).isEqualTo(200);
        for (int n = 0; n < 4; n++) {
            assertThat(get(http, issuer.forged("dejavu", Map.of("sub", "eve")), "/stats").statusCode()).isEqualTo(401);
        }
        issuer.close();
    }

    @Test
    void issuerThatWasNeverReachableIs503() {
        Issuer issuer = new Issuer();
        String token = issuer.token("dejavu", Map.of("sub", "ada"));
        Http http = start("--dejavu.access.mode=tokens", "--dejavu.admin-token=" + ADMIN,
                "--dejavu.access.oidc[0].issuer=" + issuer.uri(), "--dejavu.access.oidc[0].audience=dejavu",
                "--dejavu.access.oidc[0].rules[0].role=read", "--dejavu.access.oidc[0].rules[0].claims=sub=*");
        issuer.setUnavailable(true);
        HttpResponse<String> response = get(http, token, "/stats");
        assertProblem(response, 503, "issuer-unavailable", "issuer");
        assertThat(header(response, "Retry-After")).isNotEmpty();
        assertThat(get(http, ADMIN, "/stats").statusCode()).isEqualTo(200);
        issuer.close();
    }

}
