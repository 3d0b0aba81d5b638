package dev.dejavu.api;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Which values the team may share.
 *
 * @param acceptLocal whether to store values that only one machine can reach, to try the
 * service out on a laptop
 */
@ConfigurationProperties("dejavu")
public record SharingProperties(@DefaultValue("false") boolean acceptLocal) {

    /**
     * Refuses a value that only one machine can reach, unless the setting accepts it.
     * @param local whether only one machine can reach it
     * @throws ProblemException {@link Problem#NOT_SHAREABLE}
     */
    public void requireShareable(boolean local, String detail) {
        if (local && !acceptLocal) {
            throw new ProblemException(Problem.NOT_SHAREABLE, detail);
        }
    }

}
