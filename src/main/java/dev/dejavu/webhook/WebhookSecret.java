package dev.dejavu.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret of a webhook. It takes as long to refuse a wrong one as to accept the right
 * one.
 *
 * @param text as in the settings
 */
record WebhookSecret(String text) {

    private static final String HMAC = "HmacSHA256";

    /** Whether a header has the secret: as it is, as a bearer token, or as a password. */
    boolean isIn(String header) {
        byte[] secret = text.getBytes(StandardCharsets.UTF_8);
        return isEqual(secret, header) || isEqual(secret, header.replaceFirst("(?i)^bearer +", ""))
                || isEqual(secret, password(header));
    }

    /** Whether a header has the HMAC-SHA256 of a body under the secret, in hex. */
    boolean signed(byte[] body, String header) {
        return isEqual(HexFormat.of().formatHex(hmac(body)).getBytes(StandardCharsets.UTF_8),
                header.replaceFirst("^sha256=", "").toLowerCase(Locale.ROOT));
    }

    private static boolean isEqual(byte[] secret, String sent) {
        return MessageDigest.isEqual(secret, sent.getBytes(StandardCharsets.UTF_8));
    }

    private static String password(String header) {
        try {
            String login = new String(Base64.getDecoder().decode(header.replaceFirst("(?i)^basic +", "")),
                    StandardCharsets.UTF_8);
            return login.substring(login.indexOf(':') + 1);
        }
        catch (IllegalArgumentException ex) {
            return "";
        }
    }

    private byte[] hmac(byte[] body) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(text.getBytes(StandardCharsets.UTF_8), HMAC));
            return mac.doFinal(body);
        }
        catch (GeneralSecurityException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** So that no log has the secret by accident. */
    @Override
    public String toString() {
        return "…";
    }

}
