package dev.dejavu.registry;

import org.jspecify.annotations.Nullable;

/**
 * Finds the credentials for a repository.
 */
interface CredentialStore {

    /**
     * Finds credentials, as they are now; may wait for a program.
     * @return {@code null} when none are configured
     * @throws RegistryException when there should be some, but they cannot be had: what
     * the registry tells a stranger proves no absence then
     */
    @Nullable Credentials find(ImageReference reference) throws RegistryException;

    /**
     * Takes note that the registry, or its token server, refused credentials: if newer
     * ones can be had, {@link #find} returns those from now on.
     */
    default void refused(ImageReference reference, Credentials credentials) {
    }

}
