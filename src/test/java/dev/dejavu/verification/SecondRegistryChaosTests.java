package dev.dejavu.verification;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

import dev.dejavu.testing.RegistryProcess;
import dev.dejavu.testing.RegistryProgram;
import dev.dejavu.testing.RequiresRegistry;
import dev.dejavu.testing.WithSqlite;

/**
 * The chaos before another real registry.
 */
@WithSqlite
@RequiresRegistry(RegistryProgram.GGCR)
class SecondRegistryChaosTests extends ChaosTests.Contract {

    @BeforeEach
    void changeRegistry() {
        registry = RegistryProcess.start(RegistryProgram.GGCR);
        proxy.standBefore(registry.uri());
    }

    @AfterEach
    void changeBack() {
        proxy.standBefore(SharedRegistry.process.uri());
        registry.close();
    }

}
