package dev.dejavu.overlay;

import java.util.List;

import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.Removal;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

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
    Removal remove(@PathVariable String name) {
        String overlay = name.substring(1);
        if (overlay.isEmpty()) {
            throw new ProblemException(Problem.MALFORMED_KEY, "An overlay has a name.");
        }
        return new Removal(caches.stream().mapToInt((cache) -> cache.removeOverlay(overlay)).sum());
    }

}
