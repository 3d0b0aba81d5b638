package dev.dejavu.client;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/**
 * What {@code pyproject.toml} says of a package, in the words of its wheel.
 *
 * @param name as in {@code dejavu-flyte}
 * @param requiresPython as in {@code >=3.10}
 * @param metadata of the file {@code METADATA}, without the readme
 * @param entryPoints of the file {@code entry_points.txt}
 */
record PythonProject(String name, String version, String requiresPython, String metadata, String entryPoints) {

    /** The members that are lines of {@code METADATA}. */
    private static final Map<String, String> FIELDS = Map.of("name", "Name", "version", "Version", "description",
            "Summary", "license", "License-Expression", "classifiers", "Classifier", "requires-python",
            "Requires-Python", "dependencies", "Requires-Dist");

    private static final List<String> OTHER = List.of("readme", "entry-points");

    /**
     * Reads it.
     * @throws IllegalArgumentException when it says what this would leave out
     */
    static PythonProject of(String toml) {
        JsonNode project = new TomlMapper().readTree(toml).required("project");
        return new PythonProject(project.required("name").stringValue(), project.required("version").stringValue(),
                project.required("requires-python").stringValue(), metadata(project),
                entryPoints(project.path("entry-points")));
    }

    private static String metadata(JsonNode project) {
        StringBuilder lines = new StringBuilder("Metadata-Version: 2.4\n");
        project.properties().forEach((member) -> {
            String field = FIELDS.get(member.getKey());
            if (field != null) {
                JsonNode value = member.getValue();
                (value.isArray() ? value.values() : List.of(value))
                    .forEach((one) -> lines.append(field).append(": ").append(one.stringValue()).append('\n'));
            }
            else if (!OTHER.contains(member.getKey())) {
                throw new IllegalArgumentException("No field of a wheel is known for project." + member.getKey());
            }
        });
        return lines.toString();
    }

    private static String entryPoints(JsonNode groups) {
        Map<String, String> sorted = new TreeMap<>();
        groups.properties().forEach((group) -> {
            StringBuilder lines = new StringBuilder("[" + group.getKey() + "]\n");
            group.getValue()
                .properties()
                .forEach((entry) -> lines.append(entry.getKey())
                    .append(" = ")
                    .append(entry.getValue().stringValue())
                    .append('\n'));
            sorted.put(group.getKey(), lines.toString());
        });
        return String.join("\n", sorted.values());
    }

    /** As it begins the names of files. */
    String fileName() {
        return name.replaceAll("[-_.]+", "_") + "-" + version;
    }

}
