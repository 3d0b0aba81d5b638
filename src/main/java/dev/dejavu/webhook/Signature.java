package dev.dejavu.webhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signatures of bodies: an HMAC under the secret, in hex, with or without the name of its
 * hash as in {@code sha256=}.
 */
enum Signature {

    /** Of nearly all that sign. */
    SHA256("HmacSHA256", "(?i)(?:sha256=)?([0-9a-f]{64})"),

    /** Of Sonatype Nexus. */
    SHA1("HmacSHA1", "(?i)(?:sha1=)?([0-9a-f]{40})");

    private final String algorithm;

    private final Pattern form;

    Signature(String algorithm, String form) {
        this.algorithm = algorithm;
        this.form = Pattern.compile(form);
    }

    /** Whether a header has the form of a signature. */
    boolean isForm(String header) {
        return form.matcher(header).matches();
    }

    /** Whether a header has the signature of a body. */
    boolean isOf(byte[] body, String secret, String header) {
        Matcher matcher = form.matcher(header);
        return matcher.matches() && MessageDigest.isEqual(hmac(body, secret),
                HexFormat.of().parseHex(matcher.group(1).toLowerCase(Locale.ROOT)));
    }

    private byte[] hmac(byte[] body, String secret) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), algorithm));
            return mac.doFinal(body);
        }
        catch (GeneralSecurityException ex) {
            throw new IllegalStateException(ex);
        }
    }

}
