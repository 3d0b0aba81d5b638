package dev.dejavu.access;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

import dev.dejavu.access.HistoryModel.Entry;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.Sample;

/**
 * What a history chooses at random: who does something, where, and about which of its
 * four entries.
 */
final class HistoryChoices {

    private static final List<Duration> PAUSES = List.of(Duration.ofSeconds(31), Duration.ofMinutes(10),
            Duration.ofHours(2), Duration.ofDays(6), Duration.ofDays(7), Duration.ofDays(7).minusMillis(3),
            Duration.ofDays(23), Duration.ofDays(30));

    private final HistoryServices services;

    private final SplittableRandom random;

    private final List<HistoryActor> actors;

    private final List<Sample> images;

    private final List<Sample> bundles;

    /** How many values were made. */
    private int values;

    HistoryChoices(HistoryServices services, long seed) {
        this.services = services;
        this.random = new SplittableRandom(seed);
        List<HistoryActor> all = services.actors();
        // Only administrators remove anything.
        this.actors = Stream.concat(all.stream(), all.stream().filter((actor) -> actor.holds(Role.ADMIN))).toList();
        String repository = services.registry.host() + "/team/app" + Keys.next().hex().substring(0, 20);
        this.images = List.of(Sample.image(Sample.SCOPE, repository), Sample.image(Sample.SCOPE, repository));
        this.bundles = List.of(Sample.bundle(), Sample.bundle());
    }

    /** A number below that one. */
    int number(int bound) {
        return random.nextInt(bound);
    }

    <T> T any(List<T> list) {
        return list.get(number(list.size()));
    }

    HistoryActor actor() {
        return any(actors);
    }

    HistoryActor writer() {
        return any(actors.stream().filter((actor) -> actor.holds(Role.WRITE)).toList());
    }

    int instance() {
        return number(services.size());
    }

    Duration pause() {
        return any(PAUSES);
    }

    /** An entry; two of the four are chosen more often. */
    Sample sample() {
        return (number(2) == 0) ? image() : bundles.get((number(4) == 0) ? 1 : 0);
    }

    Sample image() {
        return images.get((number(4) == 0) ? 1 : 0);
    }

    /** The entries of the same cache. */
    List<Sample> besides(Sample sample) {
        return bundles.contains(sample) ? bundles : images;
    }

    /** A value that names its writer, but for the image of the tag, whoever stores it. */
    Sample value(HistoryActor writer, Sample sample) {
        String name = writer.name().replaceFirst(".*#", "") + values++;
        int kind = number(8);
        Sample value = sample;
        if (bundles.contains(sample)) {
            value = sample.uploadedTo(name);
        }
        else if (kind > 1) {
            value = sample.pinned(services.registry.manifest(name));
        }
        return switch (number(8)) {
            case 0 -> value.withoutParts();
            case 1 -> new Sample(value.path(), value.body().replaceFirst("\\{", "{\"overlay\":\"team/small\","),
                    value.value());
            default -> value;
        };
    }

    /** What is stored, or would be there. */
    Entry stored(HistoryModel model, Sample sample) {
        List<Entry> entries = model.live()
            .stream()
            .filter((entry) -> entry.place().path().equals(sample.path()))
            .toList();
        int index = number(actors.size());
        return entries.isEmpty() ? HistoryOracle.entry(actors.getFirst(), sample, services.clock.instant())
                : entries.get(index % entries.size());
    }

    /** A query that names an overlay, which changes nothing. */
    String overlayQuery() {
        return (number(8) == 0) ? "?overlay=" + overlay() : "";
    }

    /** Headers that do. */
    String[] overlayHeaders() {
        return (number(8) == 0)
                ? new String[] { "Dejavu-Overlay", overlay(), "X-Overlay", overlay(), "Overlay", overlay() }
                : new String[0];
    }

    /**
     * The condition of a PUT.
     * @param etags of answers that anybody got
     */
    String[] condition(List<String> etags) {
        return etags.isEmpty() ? new String[] { "If-None-Match", "*" }
                : new String[] { "If-Match", etags.get(Math.max(0, etags.size() - 1 - number(8))) };
    }

    /** The overlay of somebody. */
    String overlay() {
        return any(actors.stream().map(HistoryActor::overlay).filter((name) -> !name.isEmpty()).toList());
    }

}
