package dev.dejavu.registry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A Docker {@code config.json} on the disk, as it is now. While it cannot be read, what
 * was read before stays in use: whoever writes it may be halfway.
 */
final class DockerConfigFile {

    private static final Logger log = LoggerFactory.getLogger(DockerConfigFile.class);

    /** Bytes. */
    private static final int MAX_SIZE = 1 << 20;

    private final Path path;

    private final JsonMapper json;

    private final Predicate<String> runs;

    private byte @Nullable [] content;

    /** The last that could be read. */
    private @Nullable DockerConfig config;

    /** Why it cannot be read now; so that it is logged once. */
    private String problem = "";

    DockerConfigFile(Path path, JsonMapper json, Predicate<String> runs) {
        this.path = path;
        // A line end within "auth" comes from a shell.
        this.json = json.rebuild().enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS).build();
        this.runs = runs;
    }

    /**
     * Reads the file if it has changed, and logs what in it is of no use. Its content is
     * compared: a mounted secret may change without a new time or size.
     * @throws RegistryException when it could never be read
     */
    synchronized DockerConfig read() throws RegistryException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] now = in.readNBytes(MAX_SIZE);
            if (!Arrays.equals(now, content)) {
                content = now;
                parse(now);
            }
        }
        catch (IOException ex) {
            content = null;
            fail(describe(ex));
        }
        if (config == null) {
            throw new RegistryException(ImageStatus.Reason.LOGIN_UNAVAILABLE, path + " " + problem);
        }
        return config;
    }

    private void parse(byte[] text) {
        try {
            JsonNode root = json.readTree(text);
            if (!root.isObject()) {
                fail("is no JSON object");
                return;
            }
            config = new DockerConfig(root, runs);
            problem = "";
            config.problems().forEach((one) -> log.warn("{}, {}", path, one));
        }
        catch (JacksonException ex) {
            fail("is no JSON, from line " + ex.getLocation().getLineNr() + " on");
        }
    }

    private void fail(String why) {
        if (!why.equals(problem)) {
            log.warn("dejavu.registry.docker-config: {} {}; {}", path, why,
                    (config != null) ? "the logins read before stay in use" : "no registry is asked with a login");
        }
        problem = why;
    }

    private static String describe(IOException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "is not there";
            case AccessDeniedException _ -> "may not be read by this user";
            default -> "cannot be read: " + failure.getMessage();
        };
    }

}
