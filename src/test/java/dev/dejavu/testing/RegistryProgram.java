package dev.dejavu.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * The real registries that tests run against.
 */
public enum RegistryProgram {

    /** CNCF's distribution, as Debian packages it. */
    DISTRIBUTION("docker-registry", "--version", "docker/distribution", "apt-get install docker-registry"),

    /** Of Google's go-containerregistry. It keeps everything in memory. */
    GGCR("registry", "-h", "port to run registry on",
            "go install github.com/google/go-containerregistry/cmd/registry@v0.22.1");

    final String command;

    private final String install;

    private final boolean isInstalled;

    RegistryProgram(String command, String argument, String answer, String install) {
        this.command = command;
        this.install = install;
        this.isInstalled = isInstalled(command, argument, answer);
        if (!isInstalled) {
            System.err.println(missing());
        }
    }

    private static boolean isInstalled(String command, String argument, String answer) {
        try {
            Process process = new ProcessBuilder(command, argument).redirectErrorStream(true).start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).contains(answer);
        }
        catch (IOException ex) {
            return false;
        }
    }

    boolean isInstalled() {
        return isInstalled;
    }

    String missing() {
        return "NOT TESTED against a real registry: " + install;
    }

}
