package dev.dejavu.registry;

import org.junit.jupiter.api.Nested;

import dev.dejavu.testing.RegistryProgram;
import dev.dejavu.testing.RequiresRegistry;

/**
 * What holds for one real registry holds for another.
 */
class SecondRegistryTests {

    @Nested
    @RequiresRegistry(RegistryProgram.GGCR)
    class Client extends RegistryClientTests {

    }

    @Nested
    @RequiresRegistry(RegistryProgram.GGCR)
    class Manifests extends ManifestCheckTests {

    }

}
