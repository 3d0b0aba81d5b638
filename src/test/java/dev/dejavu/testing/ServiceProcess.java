package dev.dejavu.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.DejavuApplication;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The service in a process of its own, as its users start it.
 */
public final class ServiceProcess implements AutoCloseable {

    private static final Pattern ADDRESS = Pattern.compile("listening on http://[0-9.]+:(\\d+)");

    private final Process process;

    private final List<String> output = new CopyOnWriteArrayList<>();

    private final CompletableFuture<Integer> port = new CompletableFuture<>();

    private final Thread reader;

    private ServiceProcess(Process process) {
        this.process = process;
        this.reader = Thread.ofVirtual().start(this::read);
    }

    /**
     * Starts it, on a free port if the settings name none.
     * @param settings as in {@code dejavu.home=/tmp}
     */
    public static ServiceProcess start(String... settings) throws IOException {
        return start(List.of(), settings);
    }

    /**
     * Starts it, on a free port if the settings name none.
     * @param options of the JVM
     * @param settings as in {@code dejavu.home=/tmp}
     */
    public static ServiceProcess start(List<String> options, String... settings) throws IOException {
        return start(Map.of(), options, settings);
    }

    /**
     * Starts it, on a free port if the settings name none.
     * @param variables of the environment, besides those of this process
     * @param options of the JVM
     * @param settings as in {@code dejavu.home=/tmp}
     */
    public static ServiceProcess start(Map<String, String> variables, List<String> options, String... settings)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java",
                "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                // Nothing asks a registry in the Internet.
                "-Ddejavu.registry.allowed=", "-Dserver.port=0"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), DejavuApplication.class.getName(),
                // One test may be many callers.
                "--dejavu.rate-limit.writes-per-second=0", "--dejavu.rate-limit.resolves-per-second=0"));
        for (String setting : settings) {
            command.add("--" + setting);
        }
        ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true);
        process.environment().putAll(variables);
        return new ServiceProcess(process.start());
    }

    private void read() {
        try (BufferedReader lines = process.inputReader()) {
            for (@Nullable
            String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line);
                Matcher matcher = ADDRESS.matcher(line);
                if (matcher.find()) {
                    port.complete(Integer.valueOf(matcher.group(1)));
                }
            }
        }
        catch (IOException ex) {
            // killed
        }
        port.completeExceptionally(new IllegalStateException("The process ended: " + String.join("\n", output)));
    }

    /** Waits until it is listening. */
    public Http http() throws Exception {
        return new Http(port.get(120, TimeUnit.SECONDS));
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public long pid() {
        return process.pid();
    }

    /** Its resident memory in MB, on Linux. */
    public long residentMegabytes() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
            String line = lines.filter((candidate) -> candidate.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
        }
    }

    /** The processor time that it has used. */
    public Duration processorTime() {
        return process.toHandle().info().totalCpuDuration().orElseThrow();
    }

    /** As {@code kill -9}. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** As {@code kill}. */
    public void terminate() {
        // Process.destroy() would close the stream of what it says on its way down.
        process.toHandle().destroy();
    }

    /**
     * Waits for its end.
     * @return its exit code
     */
    public int exitCode() throws InterruptedException {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended").isTrue();
        reader.join();
        return process.exitValue();
    }

    public String output() {
        return String.join("\n", output);
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }

}
