package dev.dejavu.testing;

import java.net.http.HttpResponse;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

import dev.dejavu.cache.Sha256;

import static dev.dejavu.testing.Http.json;

/**
 * Forty people who work on ten repositories, with pushes, rebuilds and CI, on working
 * days from nine to six. It knows from its own books what a cache saves it, and the same
 * seed plays the same team.
 */
public final class SimulatedTeam {

    private static final String ENDPOINT = "dns:///flyte.acme.example:";

    private static final List<String> REPOSITORIES = List.of("churn", "forecast", "ranking", "fraud", "pricing",
            "embeddings", "labels", "reports", "routing", "search");

    private static final List<String> PEOPLE = List.of("ada", "amara", "aylin", "ben", "bruno", "carla", "chen",
            "daniel", "divya", "elif", "emeka", "farid", "fiona", "greta", "hana", "hugo", "imani", "ines", "jakub",
            "jonas", "kavya", "kenji", "lara", "leo", "lucia", "malik", "marta", "mei", "nadia", "noah", "olga", "omar",
            "priya", "rafael", "sofia", "tariq", "tomas", "uma", "viktor", "yuki");

    /** Who runs the pipelines at night. */
    private static final String ROBOT = "ci-nightly";

    private static final int DAYS = 21;

    /** Of a hundred writers, how many have a client that sends no costs. */
    private static final int WITHOUT_COST = 4;

    private final Random random;

    /** What each key cost whoever was the first to need it. */
    private final Map<String, Cost> known = new HashMap<>();

    /** As {@link System#nanoTime}. */
    private final Map<String, Long> storedAt = new HashMap<>();

    /** Of each repository, how often its image was rebuilt. */
    private final int[] versions = new int[REPOSITORIES.size()];

    /** Of each repository, what its people have changed in the code. */
    private final int[] changes = new int[REPOSITORIES.size()];

    private LocalDate day;

    private int daysLeft = DAYS;

    private Truth truth = new Truth(0, 0, 0, 0, 0);

    /**
     * A team.
     * @param clock of the service: the team begins on the next Monday
     */
    public SimulatedTeam(long seed, SettableClock clock) {
        this.random = new Random(seed);
        this.day = clock.instant().atZone(ZoneOffset.UTC).toLocalDate().plusDays(1);
        while (day.getDayOfWeek() != DayOfWeek.MONDAY) {
            day = day.plusDays(1);
        }
    }

    /** Plays three weeks against one service, and returns what it saved. */
    public static Truth play(Http http, SettableClock clock) {
        SimulatedTeam team = new SimulatedTeam(1, clock);
        while (team.hasNextDay()) {
            team.playDay(List.of(new Instance(http, clock, Map.of())));
        }
        return team.truth();
    }

    /** The names of all who ask. */
    public static List<String> people() {
        return Stream.concat(PEOPLE.stream(), Stream.of(ROBOT)).toList();
    }

    public boolean hasNextDay() {
        return daysLeft > 0;
    }

    public Truth truth() {
        return truth;
    }

    /** Plays a day, each run against any of the instances. */
    public void playDay(List<Instance> instances) {
        boolean works = day.getDayOfWeek().getValue() <= DayOfWeek.FRIDAY.getValue();
        List<Run> runs = new ArrayList<>();
        for (int person = 0; person < PEOPLE.size(); person++) {
            // The home of a person, and now and then another.
            int repository = (random.nextInt(5) > 0) ? person % REPOSITORIES.size()
                    : random.nextInt(REPOSITORIES.size());
            int count = works ? random.nextInt(3) : (random.nextInt(30) == 0) ? 1 : 0;
            for (int i = 0; i < count; i++) {
                runs.add(new Run(PEOPLE.get(person), timeOfDay(), repository, "development", random.nextInt(100) < 40));
            }
            if (works && random.nextInt(6) == 0) {
                runs.add(new Run(PEOPLE.get(person), timeOfDay(), repository, "staging", false));
            }
        }
        // Every night each pipeline runs once.
        for (int repository = 0; repository < REPOSITORIES.size(); repository++) {
            runs.add(new Run(ROBOT, Duration.ofHours(22).plusMinutes(repository), repository, "production", false));
        }
        runs.stream().sorted(Comparator.comparing(Run::at)).forEach((run) -> play(run, instances));
        day = day.plusDays(1);
        daysLeft--;
    }

    private Duration timeOfDay() {
        double hour = Math.clamp(13.5 + 2.2 * random.nextGaussian(), 8, 19);
        return Duration.ofSeconds((long) (hour * 3600));
    }

    private void play(Run run, List<Instance> instances) {
        Instant now = day.atStartOfDay().toInstant(ZoneOffset.UTC).plus(run.at());
        instances.forEach((instance) -> instance.advanceTo(now));
        Http http = instances.get(random.nextInt(instances.size())).http(run.person());
        int repository = run.repository();
        if (run.changesCode()) {
            changes[repository]++;
            // Now and then the dependencies change, too.
            versions[repository] += (random.nextInt(4) == 0) ? 1 : 0;
        }
        String name = REPOSITORIES.get(repository);
        String scope = ENDPOINT + name + ":" + run.domain();
        List<Sample> images = new ArrayList<>();
        for (String variant : List.of("", "-gpu", "-report").subList(0, 1 + repository % 3)) {
            images.add(Sample.image(scope, "ghcr.io/acme/" + name + variant, "v" + versions[repository]));
        }
        int hits = ask(http, images, repository);
        int found = ask(http, List.of(bundle(scope, name, run.domain(), changes[repository])), repository);
        report(http, scope, images.size(), hits, found);
    }

    /** Asks, and stores what is missing. */
    private int ask(Http http, List<Sample> samples, int repository) {
        int hits = 0;
        for (Sample sample : samples) {
            long asked = System.nanoTime();
            HttpResponse<String> response = http.get(sample.path());
            boolean isKnown = known.containsKey(sample.path());
            Cost cost = known.computeIfAbsent(sample.path(), (any) -> cost(sample, repository));
            // What another instance has stored may be missing for a second.
            boolean isHit = isKnown && !(response.statusCode() == 404 && isJustStored(sample, asked));
            hits += isHit ? 1 : 0;
            truth = truth.plus(isHit ? new Truth(1, 0, cost.seconds(), cost.bytes(), 0) : new Truth(0, 1, 0, 0, 0));
            if (response.statusCode() == 404) {
                store(http, sample, cost, isKnown ? 200 : 201);
            }
        }
        return hits;
    }

    private boolean isJustStored(Sample sample, long asked) {
        Long at = storedAt.get(sample.path());
        return at != null && asked - at < Staleness.LIMIT.toNanos();
    }

    private Cost cost(Sample sample, int repository) {
        double spread = 0.75 + random.nextDouble() / 2;
        boolean isBundle = sample.path().startsWith("/bundles");
        return isBundle ? new Cost(3 * spread, (long) (2_500_000 * spread))
                : new Cost((90 + 25 * repository) * spread, (long) ((200 + 40 * repository) * 1_000_000L * spread));
    }

    private void store(Http http, Sample sample, Cost cost, int status) {
        Sample sent = (random.nextInt(100) < WITHOUT_COST) ? sample : sample.withJson("cost",
                String.format(Locale.ROOT, "{\"seconds\":%s,\"bytes\":%d}", cost.seconds(), cost.bytes()));
        HttpResponse<String> response = http.put(sent.path(), sent.body());
        if (response.statusCode() != status) {
            throw new IllegalStateException(response.body());
        }
        storedAt.putIfAbsent(sample.path(), System.nanoTime());
    }

    private static Sample bundle(String scope, String project, String domain, int change) {
        String digest = Sha256.hex(project + " " + change).substring(0, 32);
        String path = "s3://acme-flyte/" + project + "/" + domain + "/A5======/fast" + digest + ".tar.gz";
        return new Sample("/bundles/" + Sha256.hex(scope + ":" + digest),
                "{\"hash_digest\":\"%s\",\"remote_path\":\"%s\",\"scope\":\"%s\",\"files_digest\":\"%s\"}"
                    .formatted(digest, path, scope, digest),
                path);
    }

    private void report(Http http, String scope, int asked, int hits, int bundles) {
        double ofImages = 0.02 + 0.3 * random.nextDouble();
        double ofBundles = 0.01 + 0.1 * random.nextDouble();
        String report = "{\"cache\":\"%s\",\"scope\":\"%s\",\"asked\":%d,\"hits\":%d,\"seconds\":%s}";
        HttpResponse<String> response = http.post("/usage",
                "{\"reports\":[" + String.format(Locale.ROOT, report, "images", scope, asked, hits, ofImages) + ","
                        + String.format(Locale.ROOT, report, "bundles", scope, 1, bundles, ofBundles) + "]}");
        if (response.statusCode() != 204) {
            throw new IllegalStateException(json(response).toString());
        }
        truth = truth.plus(new Truth(0, 0, 0, 0, ofImages + ofBundles));
    }

    /**
     * A service, and its clock.
     *
     * @param tokens of people, by their names; whoever has none asks without
     */
    public record Instance(Http http, SettableClock clock, Map<String, String> tokens) {

        Http http(String person) {
            String token = tokens.get(person);
            return (token != null) ? http.as(token) : http;
        }

        void advanceTo(Instant time) {
            if (time.isAfter(clock.instant())) {
                clock.advance(Duration.between(clock.instant(), time));
            }
        }

    }

    /**
     * What a cache saves the team.
     */
    public record Truth(long hits, long misses, double savedSeconds, double savedBytes, double spentSeconds) {

        Truth plus(Truth other) {
            return new Truth(hits + other.hits, misses + other.misses, savedSeconds + other.savedSeconds,
                    savedBytes + other.savedBytes, spentSeconds + other.spentSeconds);
        }

    }

    private record Cost(double seconds, long bytes) {
    }

    private record Run(String person, Duration at, int repository, String domain, boolean changesCode) {
    }

}
