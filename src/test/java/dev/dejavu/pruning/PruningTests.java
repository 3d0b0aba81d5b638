package dev.dejavu.pruning;

import java.time.Duration;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.scheduling.config.ScheduledTask;
import org.springframework.scheduling.config.ScheduledTaskHolder;
import org.springframework.scheduling.config.TriggerTask;

import dev.dejavu.testing.Http;
import dev.dejavu.testing.Keys;
import dev.dejavu.testing.SettableClock;
import dev.dejavu.testing.SettableRandom;
import dev.dejavu.testing.WithPostgres;
import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

class PruningTests {

    abstract static class Contract {

        @Autowired
        private SettableClock clock;

        @Autowired
        private SettableRandom random;

        @Autowired
        private ThreadPoolTaskScheduler scheduler;

        @Autowired
        private ScheduledTaskHolder schedule;

        private Http http = new Http(0);

        @BeforeEach
        void connect(@LocalServerPort int port) {
            http = new Http(port);
        }

        @AfterEach
        void resetRandom() {
            random.set(SettableRandom.NEVER);
        }

        @Test
        void readOfOneEntryPrunesWithTheProbability() throws Exception {
            expire();
            long before = pruned();
            random.set(0.05);
            http.get("/images/" + Keys.next());
            awaitPrune();
            assertThat(pruned()).isEqualTo(before);
            random.set(Math.nextDown(0.05));
            http.post("/images/lookup", "{\"hashes\":[\"" + Keys.next() + "\",\"" + Keys.next() + "\"]}");
            http.get("/images");
            awaitPrune();
            assertThat(pruned()).isEqualTo(before);
            http.get("/images/" + Keys.next());
            awaitPrune();
            assertThat(pruned()).isEqualTo(before + 1);
        }

        @Test
        void readOfOneCachePrunesTheOtherToo() throws Exception {
            expire();
            long before = pruned();
            random.set(0);
            http.get("/bundles/" + Keys.next());
            awaitPrune();
            assertThat(pruned()).isEqualTo(before + 1);
        }

        @Test
        void scheduledTaskPrunes() throws Exception {
            expire();
            long before = pruned();
            ScheduledTask task = schedule.getScheduledTasks().iterator().next();
            assertThat(schedule.getScheduledTasks()).hasSize(1);
            assertThat(((TriggerTask) task.getTask()).getTrigger()).isInstanceOf(ScheduledPruning.class);
            task.getTask().getRunnable().run();
            assertThat(pruned()).isEqualTo(before + 1);
        }

        @Test
        void rowBeforeTheResumePointIsLeftToTheScheduledTask() throws Exception {
            expire();
            random.set(0);
            http.get("/images/" + Keys.next());
            awaitPrune();
            long before = pruned();
            clock.advance(Duration.ofDays(-60));
            random.set(SettableRandom.NEVER);
            http.put("/images/" + Keys.next(), "{\"image_uri\":\"ghcr.io/acme/older:v1\"}");
            clock.advance(Duration.ofDays(61));
            random.set(0);
            http.get("/images/" + Keys.next());
            awaitPrune();
            assertThat(pruned()).isEqualTo(before);
            schedule.getScheduledTasks().iterator().next().getTask().getRunnable().run();
            assertThat(pruned()).isEqualTo(before + 1);
        }

        private void expire() throws Exception {
            random.set(0);
            clock.advance(Duration.ofDays(60));
            http.get("/images/" + Keys.next());
            awaitPrune();
            random.set(SettableRandom.NEVER);
            http.put("/images/" + Keys.next(), "{\"image_uri\":\"ghcr.io/acme/old:v1\"}");
            clock.advance(Duration.ofDays(30));
        }

        private long pruned() {
            return json(http.get("/stats")).at("/images/pruned").asLong();
        }

        /** The scheduler has one thread, so every earlier task has ended. */
        private void awaitPrune() throws Exception {
            scheduler.submit(() -> {
            }).get();
        }

    }

    @Nested
    @WithSqlite
    class OnSqlite extends Contract {

    }

    @Nested
    @WithPostgres
    class OnPostgres extends Contract {

    }

}
