package dev.dejavu.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * One challenge of {@code WWW-Authenticate}.
 *
 * @param scheme in lower case
 * @param parameters by their names in lower case; one that comes twice has its first
 * value, and a token68 is none
 * @see <a href= "https://www.rfc-editor.org/rfc/rfc9110#name-challenge-and-response">RFC
 * 9110, section 11</a>
 */
record Challenge(String scheme, Map<String, String> parameters) {

    /** Characters of one field, and challenges in all of them. */
    private static final int MAX_LENGTH = 8192;

    private static final int MAX_CHALLENGES = 16;

    /**
     * Reads the challenges of all fields, in their order. What is malformed ends its
     * field; what was read before counts.
     */
    static List<Challenge> parse(List<String> fields) {
        List<Challenge> challenges = new ArrayList<>();
        for (String field : fields) {
            if (field.length() <= MAX_LENGTH) {
                new Reader(field, challenges).read();
            }
        }
        return List.copyOf(challenges.subList(0, Math.min(challenges.size(), MAX_CHALLENGES)));
    }

    /** The value of a parameter; empty when there is none. */
    String parameter(String name) {
        return parameters.getOrDefault(name, "");
    }

    /**
     * Reads one field from left to right, never going back further than a token.
     */
    private static final class Reader {

        private final String text;

        private final List<Challenge> challenges;

        private @Nullable Challenge current;

        private int at;

        Reader(String text, List<Challenge> challenges) {
            this.text = text;
            this.challenges = challenges;
        }

        void read() {
            while (skip(" \t,") && readNext()) {
                // until the end, or what is malformed
            }
        }

        /** Reads a scheme or a parameter. */
        private boolean readNext() {
            String name = readWhile(Reader::isTokenCharacter).toLowerCase(Locale.ROOT);
            if (name.isEmpty()) {
                return false;
            }
            int end = at;
            skip(" \t");
            if (peek() != '=') {
                current = new Challenge(name, new HashMap<>());
                challenges.add(current);
                return at == end || skipToken68();
            }
            at++;
            skip(" \t");
            String value = (peek() == '"') ? readQuoted() : readWhile((c) -> c > ' ' && c != ',');
            if (value == null || current == null) {
                return false;
            }
            current.parameters.putIfAbsent(name, value);
            return true;
        }

        /** Skips what may follow a scheme in place of parameters, if it does. */
        private boolean skipToken68() {
            int begin = at;
            readWhile((c) -> isTokenCharacter(c) || c == '/');
            readWhile((c) -> c == '=');
            skip(" \t");
            if (peek() != ',' && at < text.length()) {
                at = begin;
            }
            return true;
        }

        private @Nullable String readQuoted() {
            StringBuilder value = new StringBuilder();
            for (at++; at < text.length(); at++) {
                if (text.charAt(at) == '"') {
                    at++;
                    return value.toString();
                }
                if (text.charAt(at) == '\\') {
                    at++;
                }
                value.append(peek());
            }
            return null;
        }

        private String readWhile(CharacterRule rule) {
            int begin = at;
            while (at < text.length() && rule.matches(text.charAt(at))) {
                at++;
            }
            return text.substring(begin, at);
        }

        /** Skips any of the characters; whether something is left. */
        private boolean skip(String characters) {
            readWhile((c) -> characters.indexOf(c) >= 0);
            return at < text.length();
        }

        /** The next character; NUL at the end. */
        private char peek() {
            return (at < text.length()) ? text.charAt(at) : 0;
        }

        private static boolean isTokenCharacter(char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                    || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
        }

    }

    /**
     * Which characters belong to something.
     */
    private interface CharacterRule {

        boolean matches(char c);

    }

}
