package dev.dejavu.access;

import org.jspecify.annotations.Nullable;

/**
 * What the person in front of a page may do.
 *
 * @param name of its token; {@code null} for whoever has none
 * @param role the highest that it has; {@code null} for an anonymous reader, who must
 * name what it reads
 * @param overlay where it writes; empty for the base
 * @param isLimited whether it sees no more than some entries
 * @param isOpen whether everybody may do everything
 */
public record Visitor(@Nullable String name, @Nullable Role role, String overlay, boolean isLimited, boolean isOpen) {

    /** Whether it may list and search entries. */
    public boolean mayList() {
        return role != null;
    }

    /** Whether it may remove entries. */
    public boolean mayForget() {
        return role == Role.ADMIN;
    }

    /** Whether it may know registries and webhooks. */
    public boolean maySeeAll() {
        return role != null && !isLimited;
    }

    /** Whether it may know who wrote, and what is in overlays. */
    public boolean maySeeAuthors() {
        return role == Role.ADMIN && !isLimited;
    }

    public boolean mayManageTokens() {
        return maySeeAuthors() && !isOpen;
    }

}
