package dev.dejavu.api;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * What may be shared.
 *
 * @param acceptLocal store entries that only one machine can reach, for trying it out on
 * a laptop
 */
@ConfigurationProperties("dejavu")
public record SharingProperties(@DefaultValue("false") boolean acceptLocal) {

    /**
     * Refuses what only one machine can reach, unless the setting accepts it.
     * @param local whether only one machine can reach it
     * @throws ProblemException {@link Problem#NOT_SHAREABLE}
     */
    public void requireShareable(boolean local, String detail) {
        if (local && !acceptLocal) {
            throw new ProblemException(Problem.NOT_SHAREABLE, detail);
        }
    }

}
