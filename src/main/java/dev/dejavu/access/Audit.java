package dev.dejavu.access;

import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import tools.jackson.databind.json.JsonMapper;

import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.CacheKey;
import dev.dejavu.cache.PutResult;

/**
 * Says in the log who changed what: a line of JSON each.
 */
@Component
class Audit {

    /** The name of nobody in particular. */
    static final String ANYONE = "anyone";

    private static final Logger log = LoggerFactory.getLogger("dev.dejavu.audit");

    private final JsonMapper json;

    Audit(JsonMapper json) {
        this.json = json;
    }

    void written(String cache, PutResult<?> stored) {
        CacheEntry entry = stored.entry();
        Map<String, Object> record = record(stored.created() ? "added" : "renewed", cache);
        record.put("key", entry.key().hex());
        record.put("value", entry.value());
        if (stored.previousValue() != null) {
            record.put("action", "changed");
            record.put("previous_value", stored.previousValue());
        }
        log(record);
    }

    void removed(String cache, CacheKey key) {
        Map<String, Object> record = record("removed", cache);
        record.put("key", key.hex());
        log(record);
    }

    void removedAll(String cache, @Nullable String value, int rows) {
        Map<String, Object> record = record("removed", cache);
        record.put("value", (value != null) ? value : "all");
        record.put("rows", rows);
        log(record);
    }

    void tokenMade(AccessToken token) {
        Map<String, Object> record = record("added", "tokens");
        record.put("key", token.id());
        record.put("name", token.name());
        record.put("role", token.role());
        log(record);
    }

    void tokenRevoked(String id, String name) {
        Map<String, Object> record = record("removed", "tokens");
        record.put("key", id);
        record.put("name", name);
        log(record);
    }

    private static Map<String, Object> record(String action, String cache) {
        Map<String, Object> record = new LinkedHashMap<>();
        record.put("action", action);
        record.put("cache", cache);
        String name = Caller.current().name();
        record.put("actor", (name != null) ? name : ANYONE);
        if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes request) {
            record.put("client_ip", request.getRequest().getRemoteAddr());
        }
        return record;
    }

    private void log(Map<String, Object> record) {
        if (log.isInfoEnabled()) {
            log.info(json.writeValueAsString(record));
        }
    }

}
