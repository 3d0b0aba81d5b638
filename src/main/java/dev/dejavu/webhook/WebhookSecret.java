package dev.dejavu.webhook;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/**
 * The secret of a webhook. It takes as long to refuse a wrong one as to accept the right
 * one.
 *
 * @param text as in the settings
 */
record WebhookSecret(String text) {

    /** Whether a text is the secret. */
    boolean is(String sent) {
        return isEqual(text.getBytes(StandardCharsets.UTF_8), sent);
    }

    /** Whether a header has the secret: as it is, as a bearer token, or as a password. */
    boolean isIn(String header) {
        byte[] secret = text.getBytes(StandardCharsets.UTF_8);
        return isEqual(secret, header) || isEqual(secret, header.replaceFirst("(?i)^bearer +", ""))
                || isEqual(secret, password(header));
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

    /** So that no log has the secret by accident. */
    @Override
    public String toString() {
        return "…";
    }

}
