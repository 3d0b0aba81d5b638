package dev.dejavu.overlay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.Removal;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.Removed;

/**
 * The HTTP of {@code /overlays}.
 */
@RestController
class OverlayController {

    private final List<Cache<?>> caches;

    OverlayController(List<Cache<?>> caches) {
        this.caches = caches;
    }

    // A name may have slashes.
    @DeleteMapping(path = "/overlays/{*name}", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Removal> remove(@PathVariable String name) {
        String overlay = name.substring(1);
        if (overlay.isEmpty()) {
            throw new ProblemException(Problem.MALFORMED_KEY, "An overlay has a name.");
        }
        Duration patience = Cache.REMOVAL_PATIENCE;
        List<Removed> removed = new ArrayList<>();
        for (Cache<?> cache : caches) {
            Removed one = cache.removeOverlay(overlay, patience);
            patience = patience.minus(one.took());
            removed.add(one);
        }
        return Removal.response(removed.toArray(Removed[]::new));
    }

}
