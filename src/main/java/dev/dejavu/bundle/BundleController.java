package dev.dejavu.bundle;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.BodyFields;
import dev.dejavu.api.EntryResponses;
import dev.dejavu.api.ListQuery;
import dev.dejavu.api.LookupResult;
import dev.dejavu.api.Page;
import dev.dejavu.api.PlainText;
import dev.dejavu.api.Removal;
import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.cache.TimeToLive;

/**
 * The HTTP of {@code /bundles}.
 */
@RestController
@RequestMapping(path = "/bundles", produces = MediaType.APPLICATION_JSON_VALUE)
class BundleController {

    private final CacheRepository<CachedBundle> bundles;

    private final SharingProperties sharing;

    BundleController(CacheRepository<CachedBundle> bundles, SharingProperties sharing) {
        this.bundles = bundles;
        this.sharing = sharing;
    }

    @GetMapping("/{digest}")
    ResponseEntity<CachedBundle> find(@PathVariable String digest) {
        return bundles.find(bundles.key(digest)).map(EntryResponses::ok).orElseThrow(ProblemException::miss);
    }

    @PutMapping("/{digest}")
    ResponseEntity<CachedBundle> put(@PathVariable String digest, @RequestBody Claim claim) {
        CachedBundle bundle = claim.bundle(bundles.key(digest), bundles.timeToLive(), sharing);
        return EntryResponses.stored("/bundles/", bundles.put(bundle));
    }

    @DeleteMapping("/{digest}")
    ResponseEntity<Void> remove(@PathVariable String digest) {
        bundles.remove(bundles.key(digest));
        return ResponseEntity.noContent().build();
    }

    @DeleteMapping
    Removal removeAll(@RequestParam MultiValueMap<String, String> query) {
        return new Removal(bundles.removeAll(ListQuery.ofValue(query, "remote_path")));
    }

    @GetMapping
    ResponseEntity<Page<CachedBundle>> list(@RequestParam MultiValueMap<String, String> query) {
        return EntryResponses.ok(Page.of(bundles, ListQuery.ofPage(query, "remote_path")));
    }

    @PostMapping("/lookup")
    ResponseEntity<LookupResult<CachedBundle>> lookup(@RequestBody Question question) {
        return EntryResponses
            .ok(LookupResult.of(bundles, BodyFields.keys("digests", question.digests(), bundles::key)));
    }

    /**
     * What the writer of an entry says: the body of a PUT.
     */
    record Claim(@Nullable String hashDigest, @Nullable String remotePath, @Nullable String scope,
            @Nullable String filesDigest) {

        private static final int LONGEST_HASH = 256;

        CachedBundle bundle(CacheKey digest, TimeToLive timeToLive, SharingProperties sharing) {
            String hash = BodyFields.required("hash_digest", hashDigest);
            String path = BodyFields.required("remote_path", remotePath);
            BundleParts parts = parts();
            if (hash.length() > LONGEST_HASH || PlainText.hasWhiteSpace(hash) || !PlainText.isPlain(hash)) {
                throw new ProblemException(Problem.INVALID_HASH_DIGEST,
                        "hash_digest must be " + LONGEST_HASH + " characters at most, without white space.");
            }
            sharing.requireShareable(RemotePath.parse(path).isLocal(),
                    "remote_path is another place on every machine.");
            if (parts != null) {
                BodyFields.requireMatchingKey(digest, parts.key());
            }
            Instant now = timeToLive.now();
            return new CachedBundle(digest, hash, path, parts, now, timeToLive.expiresAt(now), null);
        }

        private @Nullable BundleParts parts() {
            if (scope == null && filesDigest == null) {
                return null;
            }
            if (scope == null || filesDigest == null) {
                throw BodyFields.malformed("scope and files_digest must be given together.");
            }
            return new BundleParts(BodyFields.plain("scope", scope), BodyFields.plain("files_digest", filesDigest));
        }

    }

    /**
     * Many keys at once: the body of a lookup.
     */
    record Question(@Nullable List<@Nullable String> digests) {
    }

}
