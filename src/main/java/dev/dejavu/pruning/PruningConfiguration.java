package dev.dejavu.pruning;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

@Configuration(proxyBeanMethods = false)
class PruningConfiguration {

    /**
     * A platform thread of its own: SQLite's native code would pin one of the few
     * carriers of the virtual threads that serve requests.
     */
    @Bean
    ThreadPoolTaskScheduler pruningScheduler() {
        ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
        scheduler.setPoolSize(1);
        scheduler.setDaemon(true);
        scheduler.setThreadNamePrefix("pruning-");
        return scheduler;
    }

}
