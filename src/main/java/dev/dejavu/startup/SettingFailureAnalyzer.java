package dev.dejavu.startup;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.core.Ordered;
import org.springframework.core.convert.ConversionFailedException;

/**
 * Describes an invalid setting in one line: its name, its value and the values allowed.
 */
class SettingFailureAnalyzer implements FailureAnalyzer, Ordered {

    /** How the JDK begins to refuse a port. */
    private static final String PORT = "port out of range:";

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        String name = null;
        FailureAnalysis analysis = null;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof BindException bind) {
                name = bind.getName().toString();
            }
            if (cause instanceof InvalidConfigurationPropertyValueException invalid) {
                name = invalid.getName();
                analysis = analysis(name, invalid.getValue(), invalid.getReason(), failure);
            }
            if (cause instanceof UnboundConfigurationPropertiesException unbound) {
                return new FailureAnalysis(unbound.getUnboundProperties()
                    .stream()
                    .map(SettingFailureAnalyzer::unknown)
                    .collect(Collectors.joining(" ")), null, failure);
            }
            if (String.valueOf(cause.getMessage()).startsWith(PORT)) {
                return analysis("server.port", String.valueOf(cause.getMessage()).substring(PORT.length()),
                        "must be from 0 to 65535", failure);
            }
            if (cause instanceof ConversionFailedException conversion && name != null) {
                return analysis(name, conversion.getValue(), "must be " + allowed(conversion.getTargetType().getType()),
                        failure);
            }
        }
        return analysis;
    }

    /** Without its value, which may be a secret, as that of dejavu.access.admin-token. */
    private static String unknown(ConfigurationProperty property) {
        String nearest = UnknownSettings.nearest(property.getName().toString());
        return "%s is no setting (%s).".formatted(property.getName(), property.getOrigin())
                + ((nearest != null) ? " Did you mean %s?".formatted(nearest) : "");
    }

    private static FailureAnalysis analysis(String name, @Nullable Object value, @Nullable String reason,
            Throwable failure) {
        String text = JdbcUrl.withoutSecrets(String.valueOf(value));
        return new FailureAnalysis("%s %s, but is '%s'.".formatted(name, reason, text), null, failure);
    }

    private static String allowed(Class<?> type) {
        if (type == Duration.class) {
            return "a duration, as in 30d, 1h or 500ms";
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type == InetAddress.class) {
            return "an address or the name of a host";
        }
        if (type.isEnum()) {
            return "one of " + Arrays.stream(type.getEnumConstants())
                .map((constant) -> constant.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(Collectors.joining(", "));
        }
        return Number.class.isAssignableFrom(type) || type.isPrimitive() ? "a number" : "another value";
    }

    /** Before those of Spring Boot. */
    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

}
