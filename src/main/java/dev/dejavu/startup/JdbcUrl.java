package dev.dejavu.startup;

/**
 * JDBC URLs for the log.
 */
final class JdbcUrl {

    private JdbcUrl() {
    }

    /**
     * Without the query string and the part before an @, either of which may have a
     * password.
     */
    static String withoutSecrets(String url) {
        return url.replaceFirst("\\?.*", "").replaceFirst("//.*@", "//");
    }

    /** As in {@code SQLite at /home/me/.dejavu/cache.db}. */
    static String describe(String url) {
        return withoutSecrets(url).replaceFirst("jdbc:sqlite:", "SQLite at ")
            .replaceFirst("jdbc:postgresql:(//)?", "PostgreSQL at ");
    }

}
