package dev.dejavu.image;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.BodyFields;
import dev.dejavu.api.SharingProperties;
import dev.dejavu.api.Wait;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;
import dev.dejavu.lease.Build;
import dev.dejavu.lease.LeaseAnswer;
import dev.dejavu.lease.Leases;
import dev.dejavu.web.ParkedRequests;

/**
 * The HTTP of the leases of an image: one builds it, the others wait.
 */
@RestController
@RequestMapping(path = "/images/{hash}/lease", produces = MediaType.APPLICATION_JSON_VALUE)
class ImageLeaseController {

    private final Cache<CachedImage> images;

    private final Leases leases;

    private final ImageCacheProperties properties;

    private final SharingProperties sharing;

    private final ParkedRequests parked;

    private final Callers callers;

    ImageLeaseController(Cache<CachedImage> images, Leases leases, ImageCacheProperties properties,
            SharingProperties sharing, ParkedRequests parked, Callers callers) {
        this.images = images;
        this.leases = leases;
        this.properties = properties;
        this.sharing = sharing;
        this.parked = parked;
        this.callers = callers;
    }

    @PostMapping
    ResponseEntity<Object> take(@PathVariable String hash, @RequestBody LeaseRequest request,
            @RequestParam(required = false) @Nullable String wait) {
        Duration patience = Wait.parse(wait);
        CacheKey key = images.key(hash);
        CachedImage requested = request.toImageRequest().toKeyedImage(images, properties, sharing);
        BodyFields.requireMatchingKey(key, requested.key());
        images.requireWritable(requested);
        Caller caller = callers.current();
        Build build = request.toBuild(requested, caller.name());
        LeaseAnswer<CachedImage> answer = patience.isZero() ? take(build, patience)
                : parked.park(() -> take(build, patience));
        return LeaseResponses.of(answer, leases.renewWithin(), caller.seesAll());
    }

    private LeaseAnswer<CachedImage> take(Build build, Duration patience) {
        return leases.take(build, patience, () -> images.lookups().findAgain(build.key()));
    }

    @PostMapping("/{token}/renew")
    ResponseEntity<LeaseResponses.Granted> renew(@PathVariable String hash, @PathVariable String token) {
        return LeaseResponses.renewed(token, leases.renew(images.key(hash), token), leases.renewWithin());
    }

    @DeleteMapping("/{token}")
    ResponseEntity<Void> giveBack(@PathVariable String hash, @PathVariable String token) {
        leases.giveBack(images.key(hash), token);
        return ResponseEntity.noContent().build();
    }

}
