package dev.dejavu.access;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Somebody who calls the service in a history.
 *
 * @param name as in {@code written_by}
 * @param role {@code null} for an anonymous reader
 * @param overlay that the service gives it; empty for the base
 * @param token {@code null} for none
 */
record HistoryActor(String name, @Nullable Role role, String overlay, @Nullable String token) {

    boolean holds(Role required) {
        return role != null && role.compareTo(required) >= 0;
    }

    /** Whether it may see authors and all overlays. */
    boolean seesAll() {
        return holds(Role.ADMIN) && overlay.isEmpty();
    }

    /** Whether it may remove what is in an overlay, or in the base for empty text. */
    boolean administers(String place) {
        return seesAll() || (holds(Role.ADMIN) && overlay.equals(place));
    }

    /** Whether nothing that this one writes may reach the other. */
    boolean isIsolatedFrom(HistoryActor other) {
        return !overlay.equals(other.overlay) && !overlay.isEmpty();
    }

    /** The headers of a call, with more of them. */
    String[] headers(String... more) {
        List<String> headers = new ArrayList<>(List.of(more));
        headers.addAll(List.of("Content-Type", "application/json"));
        if (token != null) {
            headers.addAll(List.of("Authorization", "Bearer " + token));
        }
        return headers.toArray(String[]::new);
    }

}
