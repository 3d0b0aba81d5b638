package dev.dejavu.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

import dev.dejavu.cache.Sha256;

/**
 * A pure Python package as pip installs it, made of the sources in the jar: neither the
 * build nor the service needs Python.
 */
final class Wheel {

    private static final String SOURCES = "dejavu-flyte/";

    private static final LocalDateTime DATE = LocalDateTime.of(1980, 1, 1, 0, 0);

    private static final String FORMAT = """
            Wheel-Version: 1.0
            Generator: dejavu
            Root-Is-Purelib: true
            Tag: py3-none-any
            """;

    private final PythonProject project;

    private final byte[] content;

    private final String sha256;

    private Wheel(PythonProject project, byte[] content) {
        this.project = project;
        this.content = content;
        this.sha256 = HexFormat.of().formatHex(Sha256.of(content));
    }

    /** The wheel of the Python client. */
    static Wheel ofClient() {
        try {
            PythonProject project = PythonProject.of(text("pyproject.toml"));
            SortedMap<String, byte[]> files = new TreeMap<>();
            for (Resource source : new PathMatchingResourcePatternResolver()
                .getResources("classpath:" + SOURCES + "src/**/*.*")) {
                String url = source.getURL().toString();
                files.put(url.substring(url.lastIndexOf(SOURCES + "src/") + SOURCES.length() + 4),
                        source.getContentAsByteArray());
            }
            return of(project, files, text("README.md"), text("LICENSE"));
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static String text(String name) throws IOException {
        return new ClassPathResource(SOURCES + name).getContentAsString(StandardCharsets.UTF_8);
    }

    private static Wheel of(PythonProject project, SortedMap<String, byte[]> files, String readme, String license)
            throws IOException {
        String info = project.fileName() + ".dist-info/";
        files.put(info + "METADATA", bytes(
                project.metadata() + "License-File: LICENSE\nDescription-Content-Type: text/markdown\n\n" + readme));
        files.put(info + "WHEEL", bytes(FORMAT));
        files.put(info + "entry_points.txt", bytes(project.entryPoints()));
        files.put(info + "licenses/LICENSE", bytes(license));
        files.put(info + "RECORD", record(files, info + "RECORD"));
        return new Wheel(project, zip(files));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * A line for each file, with its hash and its length, which {@code RECORD} itself has
     * not.
     */
    private static byte[] record(Map<String, byte[]> files, String itself) {
        StringBuilder lines = new StringBuilder();
        files.forEach((name, content) -> lines.append(name)
            .append(",sha256=")
            .append(Base64.getUrlEncoder().withoutPadding().encodeToString(Sha256.of(content)))
            .append(',')
            .append(content.length)
            .append('\n'));
        return bytes(lines.append(itself).append(",,\n").toString());
    }

    private static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(content)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                CRC32 checksum = new CRC32();
                checksum.update(file.getValue());
                ZipEntry entry = new ZipEntry(file.getKey());
                entry.setTimeLocal(DATE);
                entry.setSize(file.getValue().length);
                entry.setCrc(checksum.getValue());
                zip.putNextEntry(entry);
                zip.write(file.getValue());
            }
        }
        return content.toByteArray();
    }

    PythonProject project() {
        return project;
    }

    String fileName() {
        return project.fileName() + "-py3-none-any.whl";
    }

    /**
     * A zip, the same for the same sources: its files are dated alike, and are not
     * compressed, as not every zlib compresses alike.
     */
    byte[] content() {
        return content;
    }

    /** In 64 lower-case hex characters. */
    String sha256() {
        return sha256;
    }

}
