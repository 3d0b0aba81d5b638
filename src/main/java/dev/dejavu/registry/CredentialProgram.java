package dev.dejavu.registry;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A credential helper, as Docker runs them, in a process of its own.
 *
 * @see <a href="https://github.com/docker/docker-credential-helpers">the protocol</a>
 */
final class CredentialProgram {

    /** Bytes; some tokens have several thousand. */
    private static final int MAX_OUTPUT = 1 << 16;

    private static final int POLL_MILLIS = 5;

    /**
     * After its end, until what it said last is there, whoever else may hold its pipes.
     */
    private static final int GRACE_MILLIS = 20;

    /** Characters of what a program says, for the log. */
    private static final int MAX_MESSAGE = 400;

    /** What a token, a key or a password may be, and so is not logged. */
    private static final String SECRET = "(?i:password|secret|token|key)[\"']?\\s*[:=]\\s*\\S+"
            + "|(?i:bearer|basic)\\s+\\S{8,}" + "|(?=[A-Za-z+/_=-]*\\d)[\\w+/=-]{16,}";

    private final String command;

    private final Duration timeout;

    private final JsonMapper json;

    /**
     * @param command an absolute path, or a name on the PATH
     * @param timeout after which it is killed
     */
    CredentialProgram(String command, Duration timeout, JsonMapper json) {
        this.command = command;
        this.timeout = timeout;
        this.json = json;
    }

    boolean isThere() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .anyMatch((folder) -> Files.isExecutable(Path.of(folder).resolve(command)));
    }

    /**
     * Runs the program; must not be called by a virtual thread, whose carrier it would
     * block.
     * @param server as Docker names it to helpers
     * @return {@code null} when it has no credentials for the server
     * @throws IOException when it does not start, fails, is too slow or says something
     * else; the message may be logged
     */
    @Nullable Credentials get(String server) throws IOException, InterruptedException {
        long end = System.nanoTime() + timeout.toNanos();
        ProcessBuilder builder = new ProcessBuilder(command, "get");
        removeOwnSettings(builder.environment());
        Process process = builder.start();
        try {
            write(server, process.getOutputStream());
            ProgramOutput output = new ProgramOutput(process.getInputStream(), MAX_OUTPUT + 1);
            ProgramOutput messages = new ProgramOutput(process.getErrorStream(), MAX_OUTPUT);
            while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                output.readBacklog();
                messages.readBacklog();
                requireShort(output);
                if (System.nanoTime() - end > 0) {
                    throw new IOException("did not end within " + timeout.toMillis() + " ms");
                }
            }
            TimeUnit.MILLISECONDS.sleep(GRACE_MILLIS);
            String answer = output.readRest().strip();
            requireShort(output);
            return (process.exitValue() == 0) ? parse(answer)
                    : failed(process.exitValue(), answer + " " + messages.readRest());
        }
        finally {
            kill(process);
        }
    }

    private static void requireShort(ProgramOutput output) throws IOException {
        if (output.size() > MAX_OUTPUT) {
            throw new IOException("said more than " + MAX_OUTPUT + " bytes");
        }
    }

    /** A helper needs what its cloud set, and none of our own passwords. */
    static void removeOwnSettings(Map<String, String> environment) {
        environment.keySet().removeIf((name) -> name.matches("(?i)(dejavu|spring)_.*"));
    }

    private static void write(String server, OutputStream out) {
        try (out) {
            out.write(server.getBytes(StandardCharsets.UTF_8));
        }
        catch (IOException ex) {
            // It ended without reading, and its answer counts.
        }
    }

    private @Nullable Credentials parse(String text) throws IOException {
        try {
            JsonNode answer = json.readTree(text);
            String user = answer.path("Username").asString("");
            String secret = answer.path("Secret").asString("");
            if (answer.isObject() && user.isEmpty() && secret.isEmpty()) {
                return null;
            }
            if (!user.isEmpty() && !secret.isEmpty()) {
                return new Credentials(user, secret, user.equals("<token>"));
            }
        }
        catch (JacksonException ex) {
            // Its message may quote a secret.
        }
        throw new IOException("said something that is no JSON with Username and Secret");
    }

    private static @Nullable Credentials failed(int exitCode, String said) throws IOException {
        if (said.contains("credentials not found")) {
            return null;
        }
        String text = shorten(said, 5 * MAX_MESSAGE).replaceAll("[\\s\\p{Cntrl}]+", " ")
            .replaceAll(SECRET, "…")
            .strip();
        throw new IOException("ended with exit code " + exitCode + ": " + shorten(text, MAX_MESSAGE));
    }

    private static String shorten(String text, int length) {
        return text.substring(0, Math.min(text.length(), length));
    }

    @Override
    public String toString() {
        return command;
    }

    private static void kill(Process process) {
        List<ProcessHandle> all = process.descendants().toList();
        process.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
    }

}
