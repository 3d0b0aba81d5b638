package dev.dejavu.console;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.dao.QueryTimeoutException;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

import dev.dejavu.access.Visitor;
import dev.dejavu.access.Visitors;
import dev.dejavu.lease.LeaseController;
import dev.dejavu.lease.LeaseController.LeaseInFlight;
import dev.dejavu.metrics.StatsController;
import dev.dejavu.metrics.StatsController.Stats;
import dev.dejavu.savings.Ledger;
import dev.dejavu.verification.RegistryHealthIndicator;

/**
 * The first page: how much is there, how much it helps, what is being built, and how the
 * registries are.
 */
@Page
class OverviewPage {

    private static final List<String> DAYS = List.of("7", "30", "90");

    /** A count of many entries goes on meanwhile, and the page asks for it again. */
    private static final Duration PATIENCE = Duration.ofMillis(50);

    private static final int MAX_LEASES = 20;

    private final StatsController stats;

    private final Ledger ledger;

    private final LeaseController leases;

    private final RegistryHealthIndicator registries;

    private final Visitors visitors;

    private final Clock clock;

    OverviewPage(StatsController stats, Ledger ledger, LeaseController leases, RegistryHealthIndicator registries,
            Visitors visitors, Clock clock) {
        this.stats = stats;
        this.ledger = ledger;
        this.leases = leases;
        this.registries = registries;
        this.visitors = visitors;
        this.clock = clock;
    }

    @GetMapping({ "/console", "/console/" })
    String overview(@RequestParam(defaultValue = "7") String days, Model model) {
        Visitor visitor = visitors.current();
        long begin = stats.beginCounts();
        int shown = DAYS.contains(days) ? Integer.parseInt(days) : 7;
        model.addAttribute("days", shown);
        model.addAttribute("spans", DAYS);
        model.addAttribute("savings", savings(shown, visitor));
        Map<String, Stats> known = stats.statsSince(begin, PATIENCE);
        List<CacheRow> caches = List.of("images", "bundles")
            .stream()
            .map((name) -> CacheRow.of(name, known.get(name)))
            .toList();
        model.addAttribute("caches", caches);
        model.addAttribute("isCounting", known.values().stream().anyMatch((one) -> one.entries() == null));
        model.addAttribute("isEmpty", caches.stream().allMatch((cache) -> cache.entries().equals("0")));
        model.addAttribute("start", FirstCalls.current());
        if (visitor.maySeeAll()) {
            model.addAttribute("leases", leases(visitor));
            model.addAttribute("registries",
                    new Excerpt<>(List.copyOf(registries.last().entrySet()), registries.isCut())
                        .map((one) -> new RegistryRow(one.getKey(), one.getValue().outcome(), one.getValue().reason(),
                                one.getValue().detail(), Moment.of(one.getValue().at(), clock.instant()))));
        }
        return "console/overview";
    }

    /** {@code null} where there is more to sum than a read may take time for. */
    private @Nullable SavingsView savings(int days, Visitor visitor) {
        try {
            return SavingsView.of(ledger, days, clock.instant(), !visitor.isLimited());
        }
        catch (QueryTimeoutException ex) {
            return null;
        }
    }

    /** What an overlay does is for administrators, as authors are. */
    private Excerpt<LeaseRow> leases(Visitor visitor) {
        return Excerpt
            .of(leases.inFlight()
                .stream()
                .filter((lease) -> visitor.maySeeAuthors() || lease.overlay() == null)
                .toList(), MAX_LEASES)
            .map((lease) -> row(lease, visitor));
    }

    private LeaseRow row(LeaseInFlight lease, Visitor visitor) {
        String builder = (lease.holder() == null && visitor.maySeeAuthors()) ? lease.author() : lease.holder();
        return new LeaseRow(lease, (builder != null) ? builder : "somebody", Moment.of(lease.since(), clock.instant()),
                (lease.expectedAt() != null) ? Moment.of(lease.expectedAt(), clock.instant()) : null);
    }

    /**
     * A cache in a table; numbers that the visitor may not know are dashes.
     */
    record CacheRow(String name, String entries, String hits, String misses, String ratio, String writes) {

        static CacheRow of(String name, @Nullable Stats stats) {
            if (stats == null) {
                return new CacheRow(name, "–", "–", "–", "–", "–");
            }
            return new CacheRow(name, (stats.entries() != null) ? number(stats.entries()) : "counting…",
                    number(stats.hits()), number(stats.misses()), ratio(stats.hits(), stats.misses()),
                    number(stats.writes()));
        }

        private static String number(@Nullable Long number) {
            return (number != null) ? String.format(Locale.ROOT, "%,d", number) : "–";
        }

        private static String ratio(@Nullable Long hits, @Nullable Long misses) {
            return (hits == null || misses == null || hits + misses == 0) ? "–"
                    : String.format(Locale.ROOT, "%.1f %%", 100.0 * hits / (hits + misses));
        }

    }

    /**
     * An image that somebody builds.
     *
     * @param builder as it calls itself, else its author where the visitor may know
     * @param expected when it should be there; {@code null} where that is not known
     */
    record LeaseRow(LeaseInFlight lease, String builder, Moment since, @Nullable Moment expected) {
    }

    record RegistryRow(String name, String outcome, @Nullable String reason, String detail, Moment at) {
    }

}
