package dev.dejavu.access;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

import dev.dejavu.testing.Sample;

import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;

/**
 * Some random calls about a few keys, by everybody and at every instance. It begins with
 * empty caches.
 */
final class History {

    /** Puts that everything else goes on from. */
    private static final int FIRST_PUTS = 5;

    private final HistoryServices services;

    private final HistoryChoices choices;

    private final HistoryCalls calls;

    private final HistoryModel model;

    private final HistoryOracle oracle;

    private final HistoryReads reads;

    private final HistoryWrites writes;

    private final Consumer<String> seen;

    /**
     * A history.
     * @param seen what has happened, for statistics over many histories
     */
    History(HistoryServices services, HistoryCalls calls, Consumer<String> seen, long seed) {
        this.services = services;
        this.calls = calls;
        this.seen = seen;
        this.choices = new HistoryChoices(services, seed);
        this.model = new HistoryModel(services.clock, services.size());
        this.oracle = new HistoryOracle(model, services.registry);
        this.reads = new HistoryReads(calls, model, oracle, services);
        this.writes = new HistoryWrites(calls, model, oracle, services);
    }

    void run() {
        int steps = 20 + choices.number(21);
        int restart = (choices.number(60) == 0) ? steps / 2 : -1;
        for (int step = 0; step < steps; step++) {
            services.clock.advance(Duration.ofMillis(1));
            if (step == restart) {
                int instance = choices.instance();
                calls.note("instance " + instance + " starts again");
                services.restart(instance);
            }
            if (step < FIRST_PUTS) {
                put(choices.writer(), choices.instance(), choices.sample());
            }
            else {
                step(choices.actor(), choices.instance(), choices.sample());
            }
        }
    }

    private void step(HistoryActor actor, int instance, Sample sample) {
        int kind = choices.number(100);
        if (kind < 45) {
            read(actor, instance, sample);
        }
        else if (kind < 92) {
            writeBeforeWitness(actor, instance, sample);
        }
        else if (kind < 94) {
            calls.note("instance " + instance + " prunes");
            services.prune(instance);
            model.prune();
        }
        else if (kind < 97) {
            Duration pause = choices.pause();
            calls.note("waits for " + pause);
            services.clock.advance(pause);
        }
        else {
            changeRegistry(instance, choices.image());
        }
    }

    private void read(HistoryActor actor, int instance, Sample sample) {
        String collection = HistoryReads.collection(sample);
        int limit = 1 + choices.number(4);
        switch (choices.number(11)) {
            case 0 -> reads.head(actor, instance, sample.path());
            case 1, 2 -> conditionalGet(actor, instance, sample.path());
            case 3, 4 -> reads.lookup(actor, instance, choices.besides(sample));
            case 5 -> reads.list(actor, instance, collection, null, limit);
            case 6 -> reads.list(actor, instance, collection, choices.stored(model, sample).value(), limit);
            case 7 -> reads.listAfter(actor, instance, choices.stored(model, sample));
            case 8 -> reads.stats(actor, instance);
            default -> count(actor,
                    reads.get(actor, instance, sample.path(), choices.overlayQuery(), choices.overlayHeaders()));
        }
    }

    /** GET with the ETag of an answer that anybody got, and with one's own. */
    private void conditionalGet(HistoryActor actor, int instance, String path) {
        List<String> tags = oracle.etags();
        String tag = tags.isEmpty() ? "\"\"" : choices.any(tags);
        count(actor, reads.get(actor, instance, path, "", "If-None-Match", tag));
        String own = header(reads.get(actor, instance, path, ""), "ETag");
        if (!own.isEmpty()) {
            count(actor, reads.get(actor, instance, path, "", "If-None-Match", own));
        }
    }

    /** Writes something; a witness whom it does not concern sees no difference. */
    private void writeBeforeWitness(HistoryActor actor, int instance, Sample sample) {
        HistoryActor witness = choices.actor();
        int at = choices.instance();
        boolean isolated = actor.isIsolatedFrom(witness) || !actor.holds(Role.READ);
        HttpResponse<String> before = isolated ? reads.get(witness, at, sample.path(), "") : null;
        write(actor, instance, sample);
        // A check may have removed an image meanwhile.
        if (before != null && model.isCertain(sample.path())) {
            oracle.judgeSame(before, reads.get(witness, at, sample.path(), ""));
            seen.accept("witnesses");
        }
    }

    private void write(HistoryActor actor, int instance, Sample sample) {
        int kind = choices.number(100);
        if (kind < 60) {
            put(actor, instance, sample);
        }
        else if (kind < 68) {
            if (reads.resolve(actor, instance, choices.image())) {
                seen.accept("resolved");
            }
        }
        else if (kind < 84) {
            List<Sample> samples = choices.besides(sample);
            HistoryAttempt attempt = choices
                .any(HistoryAttempt.of(sample, samples.get(1 - samples.indexOf(sample)), choices.overlay()));
            if (!actor.seesAll()) {
                writes.attempt(actor, instance, attempt);
            }
        }
        else {
            // Whoever has just read it knows that it is gone.
            HistoryActor reader = choices.actor();
            int at = choices.instance();
            reads.lookup(reader, at, choices.besides(sample));
            remove(actor, instance, sample);
            reads.lookup(reader, at, choices.besides(sample));
        }
    }

    private void remove(HistoryActor actor, int instance, Sample sample) {
        String collection = HistoryReads.collection(sample);
        switch (choices.number(6)) {
            case 0, 1 -> writes.remove(actor, instance, sample);
            case 2 -> writes.removeAll(actor, instance, collection, null);
            case 3, 4 -> writes.removeAll(actor, instance, collection, choices.stored(model, sample).value());
            default -> writes.removeOverlay(actor, instance, choices.overlay());
        }
    }

    private void put(HistoryActor actor, int instance, Sample sample) {
        String[] headers = switch (choices.number(8)) {
            case 0 -> choices.condition(oracle.etags());
            case 1 -> choices.condition(List.of());
            default -> choices.overlayHeaders();
        };
        writes.put(actor, instance, choices.value(actor, sample), choices.overlayQuery(), headers);
    }

    private void changeRegistry(int instance, Sample image) {
        String uri = choices.stored(model, image).value();
        boolean reports = choices.number(4) > 0;
        switch (choices.number(4)) {
            case 0, 1 -> writes.deleteInRegistry(instance, uri, reports);
            case 2 -> writes.pushToRegistry(instance, image.value(), reports);
            default -> writes.report(instance, "delete", uri);
        }
    }

    private void count(HistoryActor reader, HttpResponse<String> response) {
        boolean hit = response.statusCode() == 200;
        String from = !hit ? "" : json(response).has("overlay") ? " of an overlay" : " of the base";
        seen.accept(response.statusCode() + from + (reader.overlay().isEmpty() ? "" : " in an overlay"));
    }

}
