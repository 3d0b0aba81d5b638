package dev.dejavu.registry;

import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the JSON of registries. A body of some megabytes that has nothing but brackets
 * would need a hundred times as much memory.
 */
final class RegistryJson {

    /** More than the largest index that is accepted, with annotations. */
    private static final int MAX_TOKENS = 200_000;

    private RegistryJson() {
    }

    static JsonMapper bounded() {
        return JsonMapper
            .builder(JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder().maxTokenCount(MAX_TOKENS).build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build())
            .build();
    }

}
