package dev.dejavu.console;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

import dev.dejavu.bundle.CachedBundle;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Cost;
import dev.dejavu.cache.KeyParts;
import dev.dejavu.cache.Verification;
import dev.dejavu.image.CachedImage;

/**
 * An entry on a page.
 *
 * @param overlay empty for the base
 * @param facts the rest of it
 */
record EntryView(String key, String overlay, String value, @Nullable String scope, EntryState state, Moment created,
        Moment expires, @Nullable String author, List<Fact> facts) {

    static EntryView of(CacheEntry entry, Instant now) {
        List<Fact> facts = new ArrayList<>();
        if (entry instanceof CachedImage image) {
            addFacts(facts, image, now);
        }
        else if (entry instanceof CachedBundle bundle) {
            addFacts(facts, bundle);
        }
        if (entry.cost() != null) {
            facts.add(new Fact("Cost", text(entry.cost()), null));
        }
        KeyParts parts = entry.parts();
        return new EntryView(entry.key().hex(), entry.key().overlay(), entry.value(),
                (parts != null) ? parts.scope() : null, EntryState.of(entry), Moment.of(entry.createdAt(), now),
                Moment.of(entry.expiresAt(), now), entry.writtenBy(), facts.stream().filter(Fact::isKnown).toList());
    }

    private static void addFacts(List<Fact> facts, CachedImage image, Instant now) {
        if (image.parts() != null) {
            facts.add(new Fact("Repository", image.parts().repository(), null));
            facts.add(new Fact("Tag", image.parts().tag(), null));
            facts.add(new Fact("Platforms", String.join(", ", image.parts().platforms()), null));
        }
        Verification verification = image.verification();
        if (!verification.isInvalidated()) {
            facts.add(new Fact("Verified by", (verification.verifiedBy() == Verification.By.REGISTRY)
                    ? "the registry itself" : "the client that stored it", Moment.of(verification.verifiedAt(), now)));
        }
        facts.add(new Fact("Manifest", verification.manifestDigest(), null));
        facts.add(new Fact("Build run", image.buildRun(), null));
    }

    /** As in {@code 4.1 s, 1.2 MB}. */
    private static String text(Cost cost) {
        Long bytes = cost.bytes();
        return String.format(Locale.ROOT, "%.1f s", cost.seconds())
                + ((bytes != null) ? String.format(Locale.ROOT, ", %.1f MB", bytes / 1e6) : "");
    }

    private static void addFacts(List<Fact> facts, CachedBundle bundle) {
        facts.add(new Fact("Hash digest", bundle.hashDigest(), null));
        if (bundle.parts() != null) {
            facts.add(new Fact("Files digest", bundle.parts().filesDigest(), null));
        }
        facts.add(new Fact("Fingerprint", bundle.fingerprint(), null));
    }

    /**
     * One line about an entry.
     *
     * @param at when that was
     */
    record Fact(String name, @Nullable String text, @Nullable Moment at) {

        boolean isKnown() {
            return text != null;
        }

    }

}
