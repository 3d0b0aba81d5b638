package dev.dejavu.access;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.server.autoconfigure.ServerProperties.ForwardHeadersStrategy;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.CacheObserver;
import dev.dejavu.cache.Caller;
import dev.dejavu.cache.Callers;
import dev.dejavu.cache.LeaseEvent;
import dev.dejavu.cache.PutResult;
import dev.dejavu.cache.RegistryEvent;
import dev.dejavu.cache.Removed;

/**
 * The audit log: a line of JSON for each change, with its actor.
 */
@Component
class Audit implements CacheObserver {

    /** Keys or repositories in one line. */
    private static final int MAX_LISTED = 20;

    private static final Logger log = LoggerFactory.getLogger("dev.dejavu.audit");

    private final Callers callers;

    private final JsonMapper json;

    Audit(Callers callers, JsonMapper json, ServerProperties server) {
        if (server.getForwardHeadersStrategy() == ForwardHeadersStrategy.FRAMEWORK) {
            throw new InvalidConfigurationPropertyValueException("server.forward-headers-strategy", "framework",
                    "must be none or native, which trusts server.tomcat.remoteip.internal-proxies alone");
        }
        this.callers = callers;
        this.json = json;
    }

    @Override
    public void onWrite(String cache, PutResult<?> result) {
        CacheEntry entry = result.entry();
        String previous = result.previousValue();
        Map<String, Object> record = record((previous != null) ? "changed" : result.created() ? "added" : "renewed",
                cache, actor(entry));
        putKey(record, entry.key());
        record.put("value", entry.value());
        if (previous != null) {
            record.put("previous_value", previous);
            record.put("previous_actor", Objects.requireNonNullElse(result.previousAuthor(), Caller.ANYONE));
        }
        if (result.isChangedByAnother()) {
            log.warn("{}", json.writeValueAsString(record));
        }
        else {
            log(record);
        }
    }

    /** The caller; the author, if it is resolved after the request of its caller. */
    private @Nullable String actor(CacheEntry entry) {
        String name = callers.current().name();
        return (name != null) ? name : entry.writtenBy();
    }

    @Override
    public void onRefuted(String cache, CacheEntry entry, String reason) {
        Map<String, Object> record = new LinkedHashMap<>(Map.of("action", "removed"));
        record.put("cache", cache);
        record.put("reason", reason);
        putKey(record, entry.key());
        record.put("value", entry.value());
        log(record);
    }

    @Override
    public void onRegistryEvents(String webhook, List<RegistryEvent> events) {
        Map<String, Object> record = new LinkedHashMap<>(Map.of("action", "invalidated"));
        record.put("webhook", webhook);
        putAddress(record);
        record.put("events", events.stream().limit(MAX_LISTED).map(Audit::text).toList());
        record.put("count", events.size());
        log(record);
    }

    /** As in {@code delete ghcr.io/acme/my-app:v1.0}. */
    private static String text(RegistryEvent event) {
        return event.kind().name().toLowerCase(Locale.ROOT) + " " + event.subject();
    }

    @Override
    public void onInvalidate(String cache, CacheEntry entry, boolean isRemoved, @Nullable String reason) {
        Map<String, Object> record = record("invalidated", cache);
        if (reason != null) {
            record.put("reason", reason);
        }
        putKey(record, entry.key());
        record.put("value", entry.value());
        log(record);
    }

    @Override
    public void onRemove(String cache, CacheKey key, @Nullable CacheEntry entry) {
        Map<String, Object> record = record("removed", cache);
        putKey(record, key);
        log(record);
    }

    @Override
    public void onRemoveAll(String cache, Removed removed, @Nullable String author) {
        Map<String, Object> record = record(switch (removed.state()) {
            case DONE -> "removed";
            case RUNNING -> "removing";
            case BROKEN_OFF -> "removal broken off";
        }, cache, author);
        String overlay = removed.selection().overlay();
        if (overlay != null) {
            record.put("overlay", overlay);
        }
        record.put("value", Objects.requireNonNullElse(removed.selection().value(), "all"));
        record.put("rows", removed.rows());
        record.put("seconds", removed.took().toMillis() / 1000.0);
        log(record);
    }

    /** As it changes no entry, it is logged only where that is asked for. */
    @Override
    public void onLease(String cache, LeaseEvent event) {
        if (log.isDebugEnabled()) {
            Map<String, Object> record = record(
                    "lease " + event.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '), cache);
            putKey(record, event.key());
            if (event.value() != null) {
                record.put("value", event.value());
            }
            if (event.holder() != null) {
                record.put("holder", event.holder());
            }
            log.debug("{}", json.writeValueAsString(record));
        }
    }

    private static void putKey(Map<String, Object> record, CacheKey key) {
        record.put("key", key.hex());
        if (!key.isInBase()) {
            record.put("overlay", key.overlay());
        }
    }

    void tokenCreated(AccessToken token) {
        Map<String, Object> record = record("added", "tokens");
        record.put("key", token.id());
        record.put("name", token.name());
        record.put("role", token.role());
        if (token.overlay() != null) {
            record.put("overlay", token.overlay());
        }
        if (token.limits() != null) {
            record.put("limits", token.limits());
        }
        log(record);
    }

    void tokenRevoked(String id, String name) {
        Map<String, Object> record = record("removed", "tokens");
        record.put("key", id);
        record.put("name", name);
        log(record);
    }

    private Map<String, Object> record(String action, String cache) {
        return record(action, cache, callers.current().name());
    }

    private static Map<String, Object> record(String action, String cache, @Nullable String actor) {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("action", action);
        record.put("cache", cache);
        record.put("actor", (actor != null) ? actor : Caller.ANYONE);
        putAddress(record);
        return record;
    }

    private static void putAddress(Map<String, Object> record) {
        if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes request) {
            record.put("client_ip", request.getRequest().getRemoteAddr());
        }
    }

    private void log(Map<String, Object> record) {
        if (log.isInfoEnabled()) {
            log.info(json.writeValueAsString(record));
        }
    }

}
