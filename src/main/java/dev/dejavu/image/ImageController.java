package dev.dejavu.image;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.BodyFields;
import dev.dejavu.api.EntryJson;
import dev.dejavu.api.EntryResponses;
import dev.dejavu.api.Invalidation;
import dev.dejavu.api.ListQuery;
import dev.dejavu.api.Preconditions;
import dev.dejavu.api.Removal;
import dev.dejavu.api.SharingProperties;
import dev.dejavu.api.Wait;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Page;
import dev.dejavu.history.Explanation;
import dev.dejavu.history.History;
import dev.dejavu.history.KeyHistory;
import dev.dejavu.lease.Leases;
import dev.dejavu.web.ParkedRequests;

/**
 * The HTTP of {@code /images}.
 */
@RestController
@RequestMapping(path = "/images", produces = MediaType.APPLICATION_JSON_VALUE)
class ImageController {

    /** Names the lease of whoever built the image. */
    private static final String LEASE = "Dejavu-Lease";

    private final Cache<CachedImage> images;

    private final ImageCacheProperties properties;

    private final SharingProperties sharing;

    private final History history;

    private final ImageExplainer explainer;

    private final Leases leases;

    private final ParkedRequests parked;

    private final EntryJson json;

    ImageController(Cache<CachedImage> images, ImageCacheProperties properties, SharingProperties sharing,
            History history, ImageExplainer explainer, Leases leases, ParkedRequests parked, EntryJson json) {
        this.json = json;
        this.leases = leases;
        this.parked = parked;
        this.explainer = explainer;
        this.history = history;
        this.images = images;
        this.properties = properties;
        this.sharing = sharing;
    }

    @GetMapping("/{hash}")
    ResponseEntity<CachedImage> find(@PathVariable String hash,
            @RequestParam(required = false) @Nullable String verified,
            @RequestParam(required = false) @Nullable String wait,
            @RequestHeader(name = HttpHeaders.IF_NONE_MATCH, required = false) @Nullable String held) {
        CacheKey key = images.key(hash);
        boolean isConfirmation = held != null;
        boolean isConfirmedOnly = ListQuery.isConfirmedOnly(verified);
        Duration patience = Wait.parse(wait);
        // The last look may come after the end of a lease, and so must not be a known
        // miss.
        Supplier<Optional<CachedImage>> look = () -> isConfirmedOnly ? images.lookups().findConfirmedAgain(key)
                : images.lookups().findAgain(key);
        Optional<CachedImage> awaited = patience.isZero() ? Optional.empty()
                : parked.park(() -> leases.await(key, patience, isConfirmedOnly, look)).or(look);
        return awaited
            .or(() -> isConfirmedOnly ? images.lookups().findConfirmed(key, isConfirmation)
                    : images.lookups().find(key, isConfirmation))
            .map(EntryResponses::ok)
            .orElseThrow(() -> images.lookups().notFound(key));
    }

    @PutMapping("/{hash}")
    ResponseEntity<CachedImage> put(@PathVariable String hash, @RequestBody ImageRequest request,
            @RequestHeader HttpHeaders headers) {
        CachedImage image = request.toImage(images.key(hash), properties, images.timeToLive(), sharing);
        if (headers.containsHeader(LEASE)) {
            leases.expectStored(image.key());
        }
        return EntryResponses.stored("/images/", images.put(image, Preconditions.of(headers)));
    }

    @DeleteMapping("/{hash}")
    ResponseEntity<Void> remove(@PathVariable String hash) {
        images.remove(images.key(hash));
        return ResponseEntity.noContent().build();
    }

    @PostMapping("/{hash}/invalidate")
    ResponseEntity<Void> invalidate(@PathVariable String hash, @RequestBody Invalidation request) {
        images.invalidate(images.key(hash), request.reason());
        return ResponseEntity.noContent().build();
    }

    @GetMapping("/{hash}/history")
    ResponseEntity<KeyHistory> history(@PathVariable String hash) {
        return EntryResponses.ok(history.of(images, images.key(hash)));
    }

    @DeleteMapping
    ResponseEntity<Removal> removeAll(@RequestParam MultiValueMap<String, String> query) {
        return Removal.response(images.removeAll(ListQuery.ofValue(query, "image_uri")));
    }

    @GetMapping
    ResponseEntity<Page<CachedImage>> list(@RequestParam MultiValueMap<String, String> query) {
        ListQuery page = ListQuery.ofPage(query, "image_uri");
        return EntryResponses.ok(images.list(page.after(), page.limit(), page.value(), page.scope()));
    }

    @PostMapping("/lookup")
    ResponseEntity<byte[]> lookup(@RequestBody LookupRequest request,
            @RequestParam(required = false) @Nullable String verified) {
        Set<CacheKey> keys = BodyFields.keys("hashes", request.hashes(), images::key);
        return json.lookup(keys, ListQuery.isConfirmedOnly(verified) ? images.lookups().findAllConfirmed(keys)
                : images.lookups().findAll(keys));
    }

    @PostMapping("/resolve")
    ResponseEntity<CachedImage> resolve(@RequestBody ImageRequest request) {
        CachedImage requested = request.toKeyedImage(images, properties, sharing);
        return images.lookups()
            .resolve(requested)
            .map(EntryResponses::ok)
            .orElseThrow(() -> images.lookups().notFound(requested.hash()));
    }

    @PostMapping("/explain")
    ResponseEntity<Explanation<CachedImage>> explain(@RequestBody ImageRequest request,
            @RequestParam(required = false) @Nullable String verified) {
        return EntryResponses.ok(explainer.explain(request, ListQuery.isConfirmedOnly(verified)));
    }

    /**
     * The body of a lookup.
     */
    record LookupRequest(@Nullable List<@Nullable String> hashes) {
    }

}
