package dev.dejavu.api;

import java.util.Arrays;

import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;

import dev.dejavu.cache.Removed;

/**
 * The result of removing many entries.
 *
 * @param removed how many rows were deleted
 */
public record Removal(int removed) {

    /** 200 where all is removed, 202 where that goes on. */
    public static ResponseEntity<Removal> response(Removed... removed) {
        boolean isDone = Arrays.stream(removed).allMatch(Removed::isDone);
        return ResponseEntity.status(isDone ? HttpStatus.OK : HttpStatus.ACCEPTED)
            .body(new Removal(Arrays.stream(removed).mapToInt(Removed::rows).sum()));
    }

}
