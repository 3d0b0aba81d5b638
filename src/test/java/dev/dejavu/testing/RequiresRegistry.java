package dev.dejavu.testing;

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
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Tests against a real registry. On a machine without it they are skipped with one line
 * on the console; under CI they fail. The tag {@code registry} selects them.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@Tag("registry")
@ExtendWith(RequiresRegistry.Installed.class)
public @interface RequiresRegistry {

    /** Which one. */
    RegistryProgram value() default RegistryProgram.DISTRIBUTION;

    /**
     * Is evaluated before the class starts anything.
     */
    class Installed implements ExecutionCondition {

        /** The registry that a class of tests requires. */
        public static RegistryProgram required(Class<?> tests) {
            return AnnotationSupport.findAnnotation(tests, RequiresRegistry.class).orElseThrow().value();
        }

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            RegistryProgram program = required(context.getRequiredTestClass());
            if (!program.isInstalled() && "true".equals(System.getenv("CI"))) {
                throw new IllegalStateException(program.missing());
            }
            return program.isInstalled() ? ConditionEvaluationResult.enabled(program.command + " is installed")
                    : ConditionEvaluationResult.disabled(program.missing());
        }

    }

}
