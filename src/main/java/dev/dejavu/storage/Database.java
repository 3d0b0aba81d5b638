package dev.dejavu.storage;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;

import org.flywaydb.core.api.Location;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Which database the JDBC URL means.
 */
enum Database {

    SQLITE, POSTGRESQL;

    static final String URL = "spring.datasource.url";

    static Database of(Environment environment) {
        String url = environment.getRequiredProperty(URL);
        if (SqliteFile.isUrl(url)) {
            return SQLITE;
        }
        if (url.startsWith("jdbc:postgresql:")) {
            return POSTGRESQL;
        }
        throw new InvalidConfigurationPropertyValueException(URL, url,
                "must be jdbc:sqlite:<file> or jdbc:postgresql://<host>/<database>");
    }

    /** Adds the migrations of this database alone, from the folder of its name. */
    void addMigrations(FluentConfiguration flyway) {
        Location own = Location.fromPath("classpath:", "db/" + name().toLowerCase(Locale.ROOT));
        flyway.locations(Stream.concat(Arrays.stream(flyway.getLocations()), Stream.of(own)).toArray(Location[]::new));
    }

    static class OnSqlite implements Condition {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return of(context.getEnvironment()) == SQLITE;
        }

    }

    static class OnPostgresql implements Condition {

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            return of(context.getEnvironment()) == POSTGRESQL;
        }

    }

}
