package dev.dejavu.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.QueryTimeoutException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class BatchLoopTests {

    private final List<Integer> limits = new ArrayList<>();

    private final AtomicLong time = new AtomicLong();

    @Test
    void quickBatchesGrowUpToTheirLimitAndAShortOneIsTheLast() {
        BatchLoop loop = new BatchLoop(500, 0, time::get);
        while (!loop.isOver()) {
            loop.next((limit) -> full(limit, (limits.size() < 5) ? limit : limit - 1));
        }
        assertThat(limits).containsExactly(100, 200, 400, 500, 500, 500);
    }

    @Test
    void slowBatchIsFollowedByASmallerOne() {
        BatchLoop loop = new BatchLoop(1000, 0, time::get);
        loop.next((limit) -> {
            time.addAndGet(Duration.ofMillis(60).toNanos());
            return full(limit, limit);
        });
        loop.next((limit) -> full(limit, limit));
        assertThat(limits).containsExactly(100, 50);
    }

    @Test
    void batchThatTakesTooLongIsTriedAgainWithFewerRowsDownToOne() {
        BatchLoop loop = new BatchLoop(1000, 0, time::get);
        assertThat(loop.next((limit) -> {
            if (limit > 10) {
                limits.add(limit);
                throw new QueryTimeoutException("too long");
            }
            return full(limit, limit);
        })).hasSize(6);
        assertThat(limits).containsExactly(100, 25, 6);
        assertThatThrownBy(() -> loop.next((limit) -> {
            limits.add(limit);
            throw new QueryTimeoutException("too long");
        })).isInstanceOf(QueryTimeoutException.class);
        assertThat(limits.getLast()).isOne();
    }

    @Test
    void databaseThatIsAwayIsWaitedForAsLongAsThereIsPatience() {
        BatchLoop loop = new BatchLoop(10, 0, time::get);
        assertThatThrownBy(() -> loop.next(this::away)).isInstanceOf(DataAccessResourceFailureException.class);
        assertThat(limits).hasSize(1);
        loop.setPatience(Duration.ofMinutes(1));
        assertThat(loop.next((limit) -> (limits.size() < 4) ? away(limit) : List.of())).isEmpty();
        assertThat(limits).hasSize(4);
    }

    private List<Integer> away(int limit) {
        limits.add(limit);
        throw new DataAccessResourceFailureException("away");
    }

    private List<Integer> full(int limit, int rows) {
        limits.add(limit);
        return Collections.nCopies(rows, 1);
    }

}
