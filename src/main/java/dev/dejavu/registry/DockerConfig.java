package dev.dejavu.registry;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The credentials in a Docker {@code config.json}, read again when the file changes.
 * Credential helpers are not run, and identity tokens are not sent.
 *
 * @see <a href="https://docs.docker.com/reference/cli/docker/login/">docker login</a>
 */
final class DockerConfig implements CredentialStore {

    private static final Logger log = LoggerFactory.getLogger(DockerConfig.class);

    private static final String DOCKER_HUB = "index.docker.io";

    private final @Nullable Path path;

    private final JsonMapper json;

    private @Nullable FileTime read;

    /** So that it is logged once. */
    private boolean isUnreadable;

    private Map<String, Credentials> credentials = Map.of();

    DockerConfig(@Nullable Path path, JsonMapper json) {
        this.path = path;
        this.json = json;
    }

    @Override
    public synchronized @Nullable Credentials find(ImageReference reference) {
        if (path != null) {
            read(path);
        }
        String host = reference.registry();
        return credentials.get(host.equals("docker.io") ? DOCKER_HUB : host);
    }

    private void read(Path file) {
        try {
            FileTime modified = Files.getLastModifiedTime(file);
            if (!modified.equals(read)) {
                read = modified;
                credentials = parse(json.readTree(Files.readAllBytes(file)));
                isUnreadable = false;
            }
        }
        catch (IOException | JacksonException | IllegalArgumentException ex) {
            if (!isUnreadable) {
                log.warn("No credentials from {}: {}", file, ex.getClass().getSimpleName());
            }
            isUnreadable = true;
        }
    }

    private static Map<String, Credentials> parse(JsonNode config) {
        Map<String, Credentials> found = new HashMap<>();
        config.path("auths").forEachEntry((server, login) -> {
            String auth = login.path("auth").asString("");
            String plain = auth.isEmpty()
                    ? login.path("username").asString("") + ":" + login.path("password").asString("")
                    : new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8);
            int colon = plain.indexOf(':');
            if (colon > 0) {
                found.put(server.toLowerCase(Locale.ROOT).replaceFirst("^https?://", "").replaceFirst("/.*$", ""),
                        new Credentials(plain.substring(0, colon), plain.substring(colon + 1), false));
            }
        });
        return found;
    }

}
