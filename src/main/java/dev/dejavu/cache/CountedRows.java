package dev.dejavu.cache;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * Some rows of a table, counted.
 *
 * @param entries by their parts, or all under {@link Parts#ANY}
 * @param next where to go on; {@code null} at the end
 */
public record CountedRows(Map<Parts, Long> entries, @Nullable Cursor next) {

    /**
     * The parts that a grant looks at.
     */
    public record Parts(String scope, @Nullable String repository) implements KeyParts {

        public static final Parts ANY = new Parts("", null);

    }

}
