package dev.dejavu.savings;

import java.time.Clock;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.EntryResponses;
import dev.dejavu.cache.Cache;

/**
 * The HTTP of {@code /savings} and {@code /usage}.
 */
@RestController
class SavingsController {

    private final Ledger ledger;

    private final Set<String> caches;

    private final Clock clock;

    SavingsController(Ledger ledger, List<Cache<?>> caches, Clock clock) {
        this.ledger = ledger;
        this.caches = caches.stream().map(Cache::name).collect(Collectors.toUnmodifiableSet());
        this.clock = clock;
    }

    @GetMapping(path = "/savings", produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Savings> savings(@RequestParam MultiValueMap<String, String> query) {
        SavingsQuery asked = SavingsQuery.of(query, clock);
        Savings savings = ledger.read(asked.from(), asked.to(), asked.by());
        // Without an end it is never the same again.
        return query.containsKey("to") ? EntryResponses.ok(savings)
                : ResponseEntity.ok().cacheControl(CacheControl.noCache()).body(savings);
    }

    @PostMapping("/usage")
    ResponseEntity<Void> report(@RequestBody UsageRequest request) {
        ledger.add(request.toReports(caches));
        return ResponseEntity.noContent().build();
    }

}
