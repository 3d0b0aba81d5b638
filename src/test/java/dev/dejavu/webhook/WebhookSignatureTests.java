package dev.dejavu.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Locale;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;

@WithSqlite
class WebhookSignatureTests extends WebhookFixture {

    private static final String BODY = "{\"zen\":\"…\"}";

    private static String hmac(String algorithm, String secret, String body) throws GeneralSecurityException {
        Mac mac = Mac.getInstance(algorithm);
        mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), algorithm));
        return HexFormat.of().formatHex(mac.doFinal(body.getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @CsvSource({ "signed,X-JFrog-Event-Auth,HmacSHA256,", "signed,X-JFrog-Event-Auth,HmacSHA256,sha256=",
            "github,X-Hub-Signature-256,HmacSHA256,sha256=", "nexus,X-Nexus-Webhook-Signature,HmacSHA1,",
            "nexus,X-Nexus-Webhook-Signature,HmacSHA1,sha1=" })
    void signature_isThatOfTheBody(String webhook, String header, String algorithm, String prefix) throws Exception {
        String begin = (prefix != null) ? prefix : "";
        String right = begin + hmac(algorithm, SECRET, BODY);
        assertThat(send(webhook, BODY, header, right).statusCode()).isEqualTo(204);
        assertThat(send(webhook, BODY, header, right.toUpperCase(Locale.ROOT)).statusCode()).isEqualTo(204);
        assertProblem(send(webhook, BODY + " ", header, right), 401, "unauthenticated");
        for (String wrong : new String[] { SECRET, "", begin, begin + hmac(algorithm, SECRET + "1", BODY),
                right.substring(0, right.length() - 1), right + "0", "md5=" + hmac("HmacMD5", SECRET, BODY),
                hmac(algorithm.equals("HmacSHA1") ? "HmacSHA256" : "HmacSHA1", SECRET, BODY),
                right.replace("=", "= ") + "," }) {
            assertProblem(send(webhook, BODY, header, wrong), 401, "unauthenticated");
        }
        assertProblem(send(webhook, BODY, "Authorization", SECRET), 401, "unauthenticated");
        assertProblem(send(webhook, BODY), 401, "unauthenticated");
    }

    @ParameterizedTest
    @CsvSource({ "github,X-Hub-Signature-256", "nexus,X-Nexus-Webhook-Signature" })
    void signatureOfNothing_isOfNoOtherBody(String webhook, String header) throws Exception {
        String algorithm = webhook.equals("nexus") ? "HmacSHA1" : "HmacSHA256";
        assertProblem(send(webhook, "", header, hmac(algorithm, SECRET, "")), 400, "malformed-body");
        assertProblem(send(webhook, BODY, header, hmac(algorithm, SECRET, "")), 401, "unauthenticated");
    }

}
