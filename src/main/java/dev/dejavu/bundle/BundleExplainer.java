package dev.dejavu.bundle;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

import dev.dejavu.api.SharingProperties;
import dev.dejavu.cache.Cache;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.history.Difference;
import dev.dejavu.history.Explainer;
import dev.dejavu.history.Explanation;
import dev.dejavu.history.Nearest;

/**
 * Explains what a lookup of a bundle would answer.
 */
@Component
public class BundleExplainer {

    private final Cache<CachedBundle> bundles;

    private final NearBundleRepository repository;

    private final Explainer explainer;

    private final SharingProperties sharing;

    private final Callers callers;

    BundleExplainer(Cache<CachedBundle> bundles, NearBundleRepository repository, Explainer explainer,
            SharingProperties sharing, Callers callers) {
        this.bundles = bundles;
        this.repository = repository;
        this.explainer = explainer;
        this.sharing = sharing;
        this.callers = callers;
    }

    /**
     * Explains it for the parts of a key.
     * @param fingerprint of the client, for which an entry with another one is a miss
     * @throws ProblemException for parts that a PUT would refuse, and for those that the
     * caller may not read
     */
    public Explanation<? extends CacheEntry> explain(String scope, String filesDigest, @Nullable String fingerprint) {
        return explain(new BundleRequest(null, null, scope, filesDigest, fingerprint, null));
    }

    /**
     * Explains it for a key.
     * @throws ProblemException {@link Problem#MALFORMED_KEY}
     */
    public Explanation<? extends CacheEntry> explain(String digest) {
        CacheKey key = bundles.key(digest);
        return explainer.explain(bundles, key, () -> bundles.readable(repository.findRows(key)));
    }

    Explanation<CachedBundle> explain(BundleRequest request) {
        CachedBundle requested = request.toKeyedBundle(bundles, sharing);
        Explanation<CachedBundle> explanation = explainer.explain(bundles, requested, false,
                () -> bundles.readable(repository.findRows(requested.key())),
                () -> Nearest.of(bundles.readable(repository.findNear(requested, callers.current())),
                        (bundle) -> differences(requested, bundle)));
        CachedBundle entry = explanation.entry();
        String yours = requested.fingerprint();
        if (entry != null && yours != null && entry.fingerprint() != null && !yours.equals(entry.fingerprint())) {
            return explanation.with("other-fingerprint",
                    "It is here, but with another fingerprint, so the client takes it for a miss.",
                    List.of(new Nearest<>(entry, Difference.of("fingerprint", yours, entry.fingerprint()).toList())));
        }
        return explanation;
    }

    private static List<Difference> differences(CachedBundle requested, CachedBundle other) {
        BundleParts yours = Objects.requireNonNull(requested.parts());
        BundleParts theirs = other.parts();
        return (theirs == null) ? List.of()
                : Stream
                    .concat(Difference.ofScopes(yours.scope(), theirs.scope()),
                            Difference.of("files_digest", yours.filesDigest(), theirs.filesDigest()))
                    .toList();
    }

}
