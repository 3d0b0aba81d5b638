package dev.dejavu.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

import org.junit.jupiter.api.Test;

import dev.dejavu.cache.Sha256;

import static org.assertj.core.api.Assertions.assertThat;

class WheelTests {

    @Test
    void hasTheSources() throws IOException {
        Map<String, byte[]> files = files();
        Path sources = Path.of("clients/flyte/src");
        try (Stream<Path> all = Files.walk(sources)) {
            List<Path> python = all.filter(Files::isRegularFile)
                .filter((file) -> !file.toString().contains("__pycache__"))
                .toList();
            assertThat(python).hasSizeGreaterThan(10)
                .allSatisfy((file) -> assertThat(files.get(sources.relativize(file).toString()))
                    .isEqualTo(Files.readAllBytes(file)));
            assertThat(files).hasSize(python.size() + 5);
        }
    }

    @Test
    void recordsEachFile() throws IOException {
        Map<String, byte[]> files = files();
        String itself = info() + "RECORD";
        List<String> lines = files.entrySet()
            .stream()
            .map((file) -> file.getKey() + (file.getKey().equals(itself) ? ",,"
                    : ",sha256=" + Base64.getUrlEncoder().encodeToString(Sha256.of(file.getValue())).replace("=", "")
                            + "," + file.getValue().length))
            .toList();
        assertThat(text(files, itself).lines()).containsExactlyInAnyOrderElementsOf(lines);
    }

    @Test
    void describesThePackage() throws IOException {
        Map<String, byte[]> files = files();
        assertThat(text(files, info() + "METADATA")).startsWith("Metadata-Version: 2.4\nName: dejavu-flyte\n")
            .contains("\nRequires-Dist: flyte>=", "\nRequires-Python: >=3.10\n", "\nLicense-File: LICENSE\n",
                    "\n\n# dejavu-flyte\n");
        assertThat(text(files, info() + "entry_points.txt")).contains("""
                [flyte.plugins.types]
                dejavu = dejavu_flyte:plug_in
                """);
        assertThat(files.get(info() + "licenses/LICENSE")).isEqualTo(Files.readAllBytes(Path.of("LICENSE")));
    }

    @Test
    void dependsOnNothingButItsSources() throws IOException {
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(Wheel.ofClient().content()))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                assertThat(entry.getTimeLocal()).isEqualTo("1980-01-01T00:00:00");
                assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
            }
        }
    }

    private static String info() {
        return Wheel.ofClient().project().fileName() + ".dist-info/";
    }

    private static String text(Map<String, byte[]> files, String name) {
        return new String(files.getOrDefault(name, new byte[0]), StandardCharsets.UTF_8);
    }

    private static Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new HashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(Wheel.ofClient().content()))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                files.put(entry.getName(), zip.readAllBytes());
            }
        }
        return files;
    }

}
