package dev.dejavu.savings;

import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.api.BodyFields;
import dev.dejavu.cache.ProblemException;

/**
 * The body of a usage report: one, or a list of them.
 */
record UsageRequest(@Nullable String cache, @Nullable String scope, @Nullable BigInteger asked,
        @Nullable BigInteger hits, @Nullable BigInteger confirmed, @Nullable Double seconds, @Nullable String client,
        @Nullable List<@Nullable UsageRequest> reports) {

    private static final int MAX_REPORTS = 20;

    private static final long MAX_ASKED = 1_000_000;

    private static final int MAX_SECONDS = 86_400;

    /** No key takes that long, with all that a client waits for its answer. */
    private static final int MAX_SECONDS_OF_A_KEY = 60;

    private static final int MAX_SCOPE = 512;

    private static final int MAX_CLIENT = 128;

    /**
     * The reports.
     * @param caches that there are
     * @throws ProblemException for anything that is wrong with the body
     */
    List<UsageReport> toReports(Set<String> caches) {
        List<@Nullable UsageRequest> list = reports;
        if (list == null) {
            return List.of(toReport("", caches));
        }
        if (list.isEmpty() || list.size() > MAX_REPORTS) {
            throw BodyFields.malformed("reports must have 1 to " + MAX_REPORTS + " elements.");
        }
        return IntStream.range(0, list.size()).mapToObj((index) -> {
            UsageRequest report = list.get(index);
            if (report == null || report.reports() != null) {
                throw BodyFields.malformed("reports[" + index + "] must be a report.");
            }
            return report.toReport("reports[" + index + "].", caches);
        }).toList();
    }

    private UsageReport toReport(String path, Set<String> caches) {
        String name = BodyFields.required(path + "cache", cache);
        if (!caches.contains(name)) {
            throw BodyFields
                .malformed(path + "cache must be one of " + String.join(", ", caches.stream().sorted().toList()) + ".");
        }
        String of = BodyFields.optional(path + "scope", scope, MAX_SCOPE);
        BodyFields.optional(path + "client", client, MAX_CLIENT);
        long keys = BodyFields.wholeNumber(path + "asked", asked, MAX_ASKED);
        long most = Math.min(MAX_SECONDS, keys * MAX_SECONDS_OF_A_KEY);
        Double spent = seconds;
        if (spent == null || !(spent >= 0 && spent <= most)) {
            throw BodyFields
                .malformed("%sseconds must be a number from 0 to %d, which is %d for each key asked, and %d at most."
                    .formatted(path, most, MAX_SECONDS_OF_A_KEY, MAX_SECONDS));
        }
        long found = BodyFields.wholeNumber(path + "hits", hits, keys);
        return new UsageReport(name, (of != null) ? of : "", keys, found,
                (confirmed != null) ? BodyFields.wholeNumber(path + "confirmed", confirmed, found) : 0, spent);
    }

}
