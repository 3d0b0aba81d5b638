package dev.dejavu.startup;

/**
 * What the log may say of a JDBC URL.
 */
final class JdbcUrl {

    private JdbcUrl() {
    }

    /**
     * Without the query string and what stands before an @, either of which may hold a
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
