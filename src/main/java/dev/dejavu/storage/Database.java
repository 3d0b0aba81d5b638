package dev.dejavu.storage;

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
