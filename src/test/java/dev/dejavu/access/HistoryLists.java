package dev.dejavu.access;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

import dev.dejavu.access.HistoryModel.Entry;
import dev.dejavu.access.HistoryModel.Place;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Judges lists and counts by the model. They come from the database, so what another
 * instance has changed is seen at once.
 */
final class HistoryLists {

    private final HistoryModel model;

    private final HistoryOracle oracle;

    HistoryLists(HistoryModel model, HistoryOracle oracle) {
        this.model = model;
        this.oracle = oracle;
    }

    /**
     * Judges a whole list.
     * @param value of the entries listed; {@code null} for all
     * @param complete whether it must have everything that the reader sees
     */
    void judge(HistoryActor reader, String collection, @Nullable String value, List<JsonNode> listed,
            boolean complete) {
        Set<Place> places = new HashSet<>();
        for (JsonNode one : listed) {
            String key = one.path(collection.equals("/images") ? "hash" : "digest").asString();
            Place place = new Place(one.path("overlay").asString(""), collection + "/" + key);
            Entry stored = model.stored(place);
            assertThat(places.add(place)).as("listed twice: %s", one).isTrue();
            assertThat(stored != null && isListed(reader, stored, value, false) && oracle.shows(one, stored, reader))
                .as("%s sees in a list: %s, stored is %s", reader.name(), one, stored)
                .isTrue();
        }
        if (complete) {
            for (Entry entry : model.live()) {
                if (entry.place().path().startsWith(collection) && isListed(reader, entry, value, true)) {
                    assertThat(places).as("%s misses in a list: %s", reader.name(), entry).contains(entry.place());
                }
            }
        }
    }

    /**
     * Whether a list has an entry.
     * @param certainly whether to answer no when it only may
     */
    private boolean isListed(HistoryActor reader, Entry entry, @Nullable String value, boolean certainly) {
        Place place = entry.place();
        boolean certain = model.isCertain(place.path());
        if (!model.live().contains(entry) || (value != null && !value.equals(entry.value()))
                || (certainly && !certain)) {
            return false;
        }
        if (reader.seesAll() || reader.overlay().equals(place.overlay())) {
            return true;
        }
        Entry mine = model.stored(new Place(reader.overlay(), place.path()));
        boolean hidden = mine != null && model.live().contains(mine);
        return place.overlay().isEmpty() && !(hidden && (certain || certainly));
    }

    /** How many entries of the base a cache has. */
    void judgeCount(String cache, long count) {
        List<Entry> entries = model.live()
            .stream()
            .filter((entry) -> entry.place().overlay().isEmpty() && entry.place().path().startsWith("/" + cache + "/"))
            .toList();
        assertThat(count).as("%s in the base", cache).isLessThanOrEqualTo(entries.size());
        if (entries.stream().allMatch((entry) -> model.isCertain(entry.place().path()))) {
            assertThat(count).as("%s in the base", cache).isEqualTo(entries.size());
        }
    }

}
