package dev.dejavu.registry;

import org.jspecify.annotations.Nullable;

/**
 * Finds the credentials for a repository.
 */
interface CredentialStore {

    /**
     * Finds credentials, as they are now.
     * @return {@code null} when there are none
     * @throws RegistryException when there should be some, but they cannot be had
     */
    @Nullable Credentials find(ImageReference reference) throws RegistryException;

}
