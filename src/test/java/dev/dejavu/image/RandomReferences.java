package dev.dejavu.image;

import java.util.List;
import java.util.Random;

import dev.dejavu.cache.Sha256;

/**
 * References by the grammar, with and without a registry.
 */
record RandomReferences(Random random) {

    private static final List<String> REGISTRIES = List.of("", "ghcr.io/", "REGISTRY.Example.com/", "localhost/",
            "host:5000/", "10.0.0.5:443/", "[2001:DB8::1]:5000/", "[::1]/", "library/", "a-b.c./");

    private static final List<String> SEPARATORS = List.of("/", ".", "_", "__", "-", "---");

    String next() {
        StringBuilder reference = new StringBuilder(REGISTRIES.get(random.nextInt(REGISTRIES.size())));
        reference.append(word());
        for (int i = random.nextInt(5); i > 0; i--) {
            reference.append(SEPARATORS.get(random.nextInt(SEPARATORS.size()))).append(word());
        }
        int end = random.nextInt(3);
        reference.append((end != 1) ? ":v" + random.nextInt(10) + "_.-A".substring(random.nextInt(5)) : "");
        return reference.append((end != 0) ? "@sha256:" + Sha256.hex(reference.toString()) : "").toString();
    }

    private String word() {
        return Integer.toString(random.nextInt(36 * 36 * 36), 36);
    }

}
