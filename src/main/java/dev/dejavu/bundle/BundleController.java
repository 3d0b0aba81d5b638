package dev.dejavu.bundle;

import java.util.List;
import java.util.Set;

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
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Page;
import dev.dejavu.history.Explanation;
import dev.dejavu.history.History;
import dev.dejavu.history.KeyHistory;

/**
 * The HTTP of {@code /bundles}.
 */
@RestController
@RequestMapping(path = "/bundles", produces = MediaType.APPLICATION_JSON_VALUE)
class BundleController {

    private final Cache<CachedBundle> bundles;

    private final BundleCacheProperties properties;

    private final SharingProperties sharing;

    private final History history;

    private final BundleExplainer explainer;

    private final EntryJson json;

    BundleController(Cache<CachedBundle> bundles, BundleCacheProperties properties, SharingProperties sharing,
            History history, BundleExplainer explainer, EntryJson json) {
        this.json = json;
        this.explainer = explainer;
        this.history = history;
        this.bundles = bundles;
        this.properties = properties;
        this.sharing = sharing;
    }

    @GetMapping("/{digest}")
    ResponseEntity<CachedBundle> find(@PathVariable String digest,
            @RequestParam(required = false) @Nullable String verified,
            @RequestHeader(name = HttpHeaders.IF_NONE_MATCH, required = false) @Nullable String held) {
        CacheKey key = bundles.key(digest);
        return (ListQuery.isConfirmedOnly(verified) ? bundles.lookups().findConfirmed(key, held != null)
                : bundles.lookups().find(key, held != null))
            .map(EntryResponses::ok)
            .orElseThrow(() -> bundles.lookups().notFound(key));
    }

    @PutMapping("/{digest}")
    ResponseEntity<CachedBundle> put(@PathVariable String digest, @RequestBody BundleRequest request,
            @RequestHeader HttpHeaders headers) {
        CachedBundle bundle = request.toBundle(bundles.key(digest), properties, bundles.timeToLive(), sharing);
        return EntryResponses.stored("/bundles/", bundles.put(bundle, Preconditions.of(headers)));
    }

    @DeleteMapping("/{digest}")
    ResponseEntity<Void> remove(@PathVariable String digest) {
        bundles.remove(bundles.key(digest));
        return ResponseEntity.noContent().build();
    }

    @PostMapping("/{digest}/invalidate")
    ResponseEntity<Void> invalidate(@PathVariable String digest, @RequestBody Invalidation request) {
        bundles.invalidate(bundles.key(digest), request.reason());
        return ResponseEntity.noContent().build();
    }

    @GetMapping("/{digest}/history")
    ResponseEntity<KeyHistory> history(@PathVariable String digest) {
        return EntryResponses.ok(history.of(bundles, bundles.key(digest)));
    }

    @DeleteMapping
    ResponseEntity<Removal> removeAll(@RequestParam MultiValueMap<String, String> query) {
        return Removal.response(bundles.removeAll(ListQuery.ofValue(query, "remote_path")));
    }

    @GetMapping
    ResponseEntity<Page<CachedBundle>> list(@RequestParam MultiValueMap<String, String> query) {
        ListQuery page = ListQuery.ofPage(query, "remote_path");
        return EntryResponses.ok(bundles.list(page.after(), page.limit(), page.value(), page.scope()));
    }

    @PostMapping("/lookup")
    ResponseEntity<byte[]> lookup(@RequestBody LookupRequest request,
            @RequestParam(required = false) @Nullable String verified) {
        Set<CacheKey> keys = BodyFields.keys("digests", request.digests(), bundles::key);
        return json.lookup(keys, ListQuery.isConfirmedOnly(verified) ? bundles.lookups().findAllConfirmed(keys)
                : bundles.lookups().findAll(keys));
    }

    @PostMapping("/explain")
    ResponseEntity<Explanation<CachedBundle>> explain(@RequestBody BundleRequest request) {
        return EntryResponses.ok(explainer.explain(request));
    }

    /**
     * The body of a lookup.
     */
    record LookupRequest(@Nullable List<@Nullable String> digests) {
    }

}
