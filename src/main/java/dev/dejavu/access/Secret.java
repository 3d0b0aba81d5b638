package dev.dejavu.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.core.env.Environment;

import dev.dejavu.cache.Sha256;

/**
 * The secret of a token. It is random enough that its plain SHA-256 may be stored.
 */
record Secret(String text) {

    static final String PREFIX = "djv_";

    private static final int BYTES = 24;

    /** Of a secret that somebody chose. */
    private static final int MIN_LENGTH = 24;

    private static final SecureRandom random = new SecureRandom();

    static Secret random() {
        byte[] bytes = new byte[BYTES];
        random.nextBytes(bytes);
        return new Secret(PREFIX + HexFormat.of().formatHex(bytes));
    }

    /**
     * The secret of a setting, or of the file that the setting with {@code -file} names.
     * @return {@code null} where neither is set
     */
    static @Nullable Secret ofSetting(Environment environment, String setting) {
        String text = environment.getProperty(setting, "");
        String file = environment.getProperty(setting + "-file", "");
        if (text.isEmpty() && !file.isEmpty()) {
            try {
                text = Files.readString(Path.of(file)).strip();
            }
            catch (IOException ex) {
                throw new InvalidConfigurationPropertyValueException(setting + "-file", file,
                        "must be a file that can be read");
            }
        }
        else if (text.isEmpty()) {
            return null;
        }
        if (text.length() < MIN_LENGTH || !text.chars().allMatch((c) -> c > ' ' && c <= '~')) {
            throw new InvalidConfigurationPropertyValueException(setting, "…",
                    "must have " + MIN_LENGTH + " characters or more, ASCII and without white space");
        }
        return new Secret(text);
    }

    String hash() {
        return Sha256.hex(text);
    }

    /** So that no log has it by accident. */
    @Override
    public String toString() {
        return PREFIX + "…";
    }

}
