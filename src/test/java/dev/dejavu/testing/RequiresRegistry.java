package dev.dejavu.testing;

import java.io.IOException;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Tests against a real registry, Debian's {@code docker-registry}. On a machine without
 * it they are skipped with one line on the console; under CI they fail. The tag
 * {@code registry} selects them.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Tag("registry")
@ExtendWith(RequiresRegistry.Installed.class)
public @interface RequiresRegistry {

    /**
     * Is evaluated before the class starts anything.
     */
    class Installed implements ExecutionCondition {

        private static final String MISSING = "NOT TESTED against a real registry: apt-get install docker-registry";

        private static final boolean installed = isInstalled();

        private static boolean isInstalled() {
            try {
                new ProcessBuilder(RegistryProcess.PROGRAM, "--version").start().onExit().join();
                return true;
            }
            catch (IOException ex) {
                System.err.println(MISSING);
                return false;
            }
        }

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (!installed && "true".equals(System.getenv("CI"))) {
                throw new IllegalStateException(MISSING);
            }
            return installed ? ConditionEvaluationResult.enabled("docker-registry is installed")
                    : ConditionEvaluationResult.disabled(MISSING);
        }

    }

}
