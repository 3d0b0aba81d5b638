package dev.dejavu.image;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

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
import dev.dejavu.api.Removal;
import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheRepository;
import dev.dejavu.cache.TimeToLive;
import dev.dejavu.cache.Verification;

/**
 * The HTTP of {@code /images}.
 */
@RestController
@RequestMapping(path = "/images", produces = MediaType.APPLICATION_JSON_VALUE)
class ImageController {

    private final CacheRepository<CachedImage> images;

    private final SharingProperties sharing;

    ImageController(CacheRepository<CachedImage> images, SharingProperties sharing) {
        this.images = images;
        this.sharing = sharing;
    }

    @GetMapping("/{hash}")
    ResponseEntity<CachedImage> find(@PathVariable String hash) {
        return images.find(images.key(hash))
            .map(EntryResponses::ok)
            .orElseThrow(() -> images.notFound(images.key(hash)));
    }

    @PutMapping("/{hash}")
    ResponseEntity<CachedImage> put(@PathVariable String hash, @RequestBody Claim claim) {
        CachedImage image = claim.image(images.key(hash), images.timeToLive(), sharing);
        return EntryResponses.stored("/images/", images.put(image));
    }

    @DeleteMapping("/{hash}")
    ResponseEntity<Void> remove(@PathVariable String hash) {
        images.remove(images.key(hash));
        return ResponseEntity.noContent().build();
    }

    @DeleteMapping
    Removal removeAll(@RequestParam MultiValueMap<String, String> query) {
        return new Removal(images.removeAll(ListQuery.ofValue(query, "image_uri")));
    }

    @GetMapping
    ResponseEntity<Page<CachedImage>> list(@RequestParam MultiValueMap<String, String> query) {
        return EntryResponses.ok(Page.of(images, ListQuery.ofPage(query, "image_uri")));
    }

    @PostMapping("/lookup")
    ResponseEntity<LookupResult<CachedImage>> lookup(@RequestBody Question question) {
        return EntryResponses.ok(LookupResult.of(images, BodyFields.keys("hashes", question.hashes(), images::key)));
    }

    @PostMapping("/resolve")
    ResponseEntity<CachedImage> resolve(@RequestBody Claim claim) {
        CachedImage asked = claim.asked(images.timeToLive(), sharing);
        return images.resolve(asked).map(EntryResponses::ok).orElseThrow(() -> images.notFound(asked.hash()));
    }

    /**
     * What the writer of an entry says: the body of a PUT.
     */
    record Claim(@Nullable String imageUri, @Nullable String scope, @Nullable String repository, @Nullable String tag,
            @Nullable List<@Nullable String> platforms) {

        private static final Pattern PLATFORM = Pattern.compile("[!-+\\--~]+");

        CachedImage image(CacheKey hash, TimeToLive timeToLive, SharingProperties sharing) {
            String uri = BodyFields.required("image_uri", imageUri);
            ImageParts parts = parts();
            sharing.requireShareable(ImageReference.parse(uri).isLocal(),
                    "image_uri names no registry, or one that is another on every machine.");
            if (parts != null) {
                BodyFields.requireMatchingKey(hash, parts.key());
            }
            Instant now = timeToLive.now();
            return new CachedImage(hash, uri, parts, now, timeToLive.expiresAt(now), null, Verification.byClient(now),
                    null);
        }

        /** The image that its parts name, all of which are needed. */
        CachedImage asked(TimeToLive timeToLive, SharingProperties sharing) {
            String uri = BodyFields.required("repository", repository) + ":" + BodyFields.required("tag", tag);
            ImageParts parts = new Claim(uri, BodyFields.required("scope", scope), repository, tag,
                    (platforms != null) ? platforms : List.of())
                .parts();
            return new Claim(uri, scope, repository, tag, platforms).image(Objects.requireNonNull(parts).key(),
                    timeToLive, sharing);
        }

        private @Nullable ImageParts parts() {
            if (scope == null && repository == null && tag == null && platforms == null) {
                return null;
            }
            if (scope == null || repository == null || tag == null || platforms == null || platforms.isEmpty()) {
                throw BodyFields.malformed("scope, repository, tag and platforms must be given together.");
            }
            return new ImageParts(BodyFields.plain("scope", scope), BodyFields.plain("repository", repository),
                    BodyFields.plain("tag", tag), platforms.stream().map(Claim::platform).toList());
        }

        private static String platform(@Nullable String platform) {
            if (platform == null || !PLATFORM.matcher(platform).matches()) {
                throw BodyFields.malformed("platforms[] must be as in linux/amd64.");
            }
            return platform;
        }

    }

    /**
     * Many keys at once: the body of a lookup.
     */
    record Question(@Nullable List<@Nullable String> hashes) {
    }

}
