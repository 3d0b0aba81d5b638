package dev.dejavu.savings;

import java.util.Optional;

import org.springframework.stereotype.Component;

import dev.dejavu.cache.Cost;
import dev.dejavu.cache.MedianCosts;

/**
 * What hits of entries without a cost saved: the median of the newest costs of the same
 * repository, else of the cache.
 */
@Component
class CostEstimates {

    private final MedianCosts medians;

    CostEstimates(MedianCosts medians) {
        this.medians = medians;
    }

    /** The same row, with estimates of what its unpriced hits saved, if there are any. */
    LedgerRow estimate(LedgerRow row) {
        if (row.amounts().unpricedHits() == 0) {
            return row;
        }
        return find(row.key()).map((cost) -> new LedgerRow(row.key(), row.amounts().estimated(cost))).orElse(row);
    }

    private Optional<Cost> find(LedgerKey key) {
        Optional<Cost> ofRepository = key.repository().isEmpty() ? Optional.empty()
                : medians.ofRepository(key.cache(), key.repository());
        return ofRepository.isPresent() ? ofRepository : medians.ofCache(key.cache());
    }

}
