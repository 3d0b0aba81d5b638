package dev.dejavu.history;

import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.Watermark;
import dev.dejavu.registry.ImageReference;

/**
 * A row of {@code history_registry_event}.
 *
 * @param repository by its one name
 * @param subject as in a {@link Watermark}
 * @param at epoch milliseconds
 * @param digest of the manifest that was pushed
 */
record RegistryEventRow(String repository, String subject, long at, RegistryEvent.Kind kind, @Nullable String digest,
        String webhook) {

    /** The event, if it can concern an entry: what was pushed by digest alone cannot. */
    static Stream<RegistryEventRow> of(String webhook, RegistryEvent event, long at) {
        boolean isPush = event.kind() == RegistryEvent.Kind.PUSH;
        String tag = event.tag();
        String digest = event.digest();
        ImageReference reference = ImageReference.parse(event.repository() + ":" + ((tag != null) ? tag : "any"));
        if (reference == null || (isPush && tag == null)) {
            return Stream.empty();
        }
        String subject = (!isPush && digest != null) ? Watermark.digest(digest)
                : (tag != null) ? Watermark.tag(tag) : Watermark.WHOLE;
        return Stream.of(new RegistryEventRow(reference.canonicalRepository(), subject, at, event.kind(),
                isPush ? digest : null, webhook));
    }

}
