package dev.dejavu.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The real registries that tests run against.
 */
public enum RegistryProgram {

    /** CNCF's distribution, as Debian packages it. */
    DISTRIBUTION("docker-registry", "--version", "docker/distribution", "apt-get install docker-registry"),

    /** Of Google's go-containerregistry. It keeps everything in memory. */
    GGCR("registry", "-h", "port to run registry on",
            "go install github.com/google/go-containerregistry/cmd/registry@v0.22.1");

    /** Late: the service's own scan of classes reads the annotation that names one. */
    private static final Map<RegistryProgram, Boolean> INSTALLED = new ConcurrentHashMap<>();

    final String command;

    private final String argument;

    private final String answer;

    private final String install;

    RegistryProgram(String command, String argument, String answer, String install) {
        this.command = command;
        this.argument = argument;
        this.answer = answer;
        this.install = install;
    }

    boolean isInstalled() {
        return INSTALLED.computeIfAbsent(this, RegistryProgram::find);
    }

    private boolean find() {
        try {
            Process process = new ProcessBuilder(command, argument).redirectErrorStream(true).start();
            if (new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).contains(answer)) {
                return true;
            }
        }
        catch (IOException ex) {
            // as a program of that name that is another one
        }
        System.err.println(missing());
        return false;
    }

    String missing() {
        return "NOT TESTED against a real registry: " + install;
    }

}
