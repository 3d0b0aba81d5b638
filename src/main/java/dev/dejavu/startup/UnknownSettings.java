package dev.dejavu.startup;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.core.io.ClassPathResource;
import org.springframework.util.ObjectUtils;

/**
 * Refuses names below {@code dejavu.} that no setting has, by the configuration metadata
 * that the build makes. Of environment variables it only warns: others have some too.
 */
class UnknownSettings implements ApplicationContextInitializer<ConfigurableApplicationContext> {

    private static final Logger log = LoggerFactory.getLogger(UnknownSettings.class);

    private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of("dejavu");

    /**
     * Variables of the Flyte client, and those that Kubernetes makes for each Service
     * whose name begins with that of the service.
     */
    private static final Pattern FOREIGN = Pattern
        .compile("DEJAVU_(URL|TOKEN|TOKEN_FILE|TOKEN_AUDIENCE|INSECURE|TIMEOUT|BUNDLE_PATHS|SUMMARY"
                + "|SHARE|REMOTE_BUILDER|MAX_AGE|WAIT|SKIP|(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_\\d+_.+)?))");

    /**
     * A setting in the metadata, and whether it is a map or a list. To load a JSON parser
     * for that took 0.4 s of a start on a busy machine, and this 3 ms.
     */
    private static final Pattern PROPERTY = Pattern
        .compile("\"name\": \"(dejavu\\.[^\"]+)\",\\s*\"type\": \"(java\\.util\\.(?:Map|List)<)?");

    /** Of letters between a name and the one that was meant. */
    private static final int MAX_DISTANCE = 2;

    @Override
    public void initialize(ConfigurableApplicationContext context) {
        List<Setting> settings = settings();
        if (settings.isEmpty()) {
            // A build without the annotation processor, as an editor may make.
            return;
        }
        Set<ConfigurationProperty> unknown = new TreeSet<>();
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(context.getEnvironment())) {
            if (source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource variables) {
                warn(settings, variables.getPropertyNames());
            }
            else if (source instanceof IterableConfigurationPropertySource names) {
                names.stream()
                    .filter(PREFIX::isAncestorOf)
                    .filter((name) -> settings.stream().noneMatch((setting) -> setting.has(name)))
                    .map(names::getConfigurationProperty)
                    .filter(Objects::nonNull)
                    .filter((property) -> !isEmptySection(settings, property))
                    .forEach(unknown::add);
            }
        }
        if (!unknown.isEmpty()) {
            throw new UnboundConfigurationPropertiesException(unknown);
        }
    }

    /** As {@code dejavu.image:} in YAML, all of whose members are comments. */
    private static boolean isEmptySection(List<Setting> settings, ConfigurationProperty property) {
        return ObjectUtils.isEmpty(property.getValue())
                && settings.stream().anyMatch((setting) -> property.getName().isAncestorOf(setting.name()));
    }

    private static void warn(List<Setting> settings, String[] variables) {
        List<String> unknown = Arrays.stream(variables)
            .filter((variable) -> variable.startsWith("DEJAVU_") && !FOREIGN.matcher(variable).matches())
            .filter((variable) -> settings.stream().noneMatch((setting) -> setting.hasVariable(variable)))
            .sorted()
            .toList();
        if (!unknown.isEmpty()) {
            log.warn("Environment variables that are no settings: {}", String.join(", ", unknown));
        }
    }

    /** The setting whose name is close to another one; {@code null} for none. */
    static @Nullable String nearest(String name) {
        return settings().stream()
            .map((setting) -> setting.name().toString())
            .min(Comparator.comparingInt((setting) -> distance(setting, name)))
            .filter((setting) -> distance(setting, name) <= MAX_DISTANCE)
            .orElse(null);
    }

    /** Levenshtein's: how many letters to add, to remove or to replace. */
    private static int distance(String one, String other) {
        int[] above = new int[other.length() + 1];
        Arrays.setAll(above, (column) -> column);
        for (int row = 1; row <= one.length(); row++) {
            int[] current = new int[other.length() + 1];
            current[0] = row;
            for (int column = 1; column <= other.length(); column++) {
                int replaced = above[column - 1] + ((one.charAt(row - 1) != other.charAt(column - 1)) ? 1 : 0);
                current[column] = Math.min(replaced, Math.min(above[column], current[column - 1]) + 1);
            }
            above = current;
        }
        return above[other.length()];
    }

    private static List<Setting> settings() {
        try {
            String metadata = new ClassPathResource("META-INF/spring-configuration-metadata.json")
                .getContentAsString(StandardCharsets.UTF_8);
            int begin = metadata.indexOf("\"properties\": [");
            if (begin == -1) {
                return List.of();
            }
            return PROPERTY.matcher(metadata)
                .region(begin, metadata.length())
                .results()
                .map((property) -> new Setting(ConfigurationPropertyName.of(property.group(1)),
                        property.group(2) != null))
                .toList();
        }
        catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /**
     * A setting.
     *
     * @param hasMembers whether names may be below its own: it is a map or a list
     */
    private record Setting(ConfigurationPropertyName name, boolean hasMembers) {

        boolean has(ConfigurationPropertyName other) {
            return name.equals(other) || (hasMembers && name.isAncestorOf(other));
        }

        boolean hasVariable(String variable) {
            return Stream.of("", "_")
                .map((dash) -> name.toString().replace("-", dash).replace('.', '_').toUpperCase(Locale.ROOT))
                .anyMatch((own) -> variable.equals(own) || (hasMembers && variable.startsWith(own + "_")));
        }

    }

}
