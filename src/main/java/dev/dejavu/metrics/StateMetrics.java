package dev.dejavu.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.info.BuildProperties;
import org.springframework.stereotype.Component;

import dev.dejavu.cache.ChangeFeed;
import dev.dejavu.commit.GroupCommit;

/**
 * What this instance is and how it stands: its build, its change feed, the writes that
 * wait. Nothing of it needs the database.
 */
@Component
class StateMetrics implements MeterBinder {

    private final ChangeFeed changes;

    private final GroupCommit commit;

    private final GroupCommit watermarkCommit;

    private final ObjectProvider<BuildProperties> build;

    StateMetrics(ChangeFeed changes, GroupCommit commit, @Qualifier("watermarkCommit") GroupCommit watermarkCommit,
            ObjectProvider<BuildProperties> build) {
        this.changes = changes;
        this.commit = commit;
        this.watermarkCommit = watermarkCommit;
        this.build = build;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("dejavu.change.feed.current", changes, (feed) -> feed.isCurrent() ? 1 : 0)
            .description("1 while the changes of other instances arrive, 0 while every lookup asks the database")
            .register(registry);
        Gauge.builder("dejavu.commit.waiting", () -> commit.waiting() + watermarkCommit.waiting())
            .description("Writes that wait for their commit")
            .baseUnit("writes")
            .register(registry);
        BuildProperties properties = build.getIfAvailable();
        Gauge.builder("dejavu.build.info", () -> 1)
            .description("1, with the version of the build")
            .tag("version", (properties != null) ? String.valueOf(properties.getVersion()) : "unknown")
            .tag("java", Runtime.version().toString())
            .register(registry);
    }

}
