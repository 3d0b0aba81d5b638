package dev.dejavu.storage;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.dao.QueryTimeoutException;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.WithSqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@WithSqlite
class SqliteScansTests {

    private static final String ENDLESS = """
            with recursive numbers (n) as (select 1 union all select n + 1 from numbers) select count(*) from numbers
            """;

    @Autowired
    private CacheDatabase database;

    @Test
    void scanEndsAfterASecondAndReadsByKeyGoOnBesideMany(@LocalServerPort int port) throws Exception {
        Http http = new Http(port);
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> scans = new ArrayList<>();
            for (int n = 0; n < 30; n++) {
                scans.add(executor
                    .submit(() -> assertThatThrownBy(() -> scan(ENDLESS)).isInstanceOf(QueryTimeoutException.class)));
            }
            // More than the time of all scans one after the other would leave.
            long begin = System.nanoTime();
            for (int n = 0; n < 20; n++) {
                assertThat(http.get("/images/" + Keys.next()).statusCode()).isEqualTo(404);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
            for (Future<?> scan : scans) {
                scan.get();
            }
        }
        assertThat(scan("select 1")).isOne();
    }

    private Long scan(String sql) {
        return database.scans().execute(() -> database.reader().sql(sql).query(Long.class).single());
    }

}
