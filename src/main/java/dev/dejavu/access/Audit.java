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
        Map<String, Object> line = line(stored.created() ? "added" : "renewed", cache);
        line.put("key", entry.key().hex());
        line.put("value", entry.value());
        if (stored.replaced() != null) {
            line.put("action", "changed");
            line.put("replaced", stored.replaced());
        }
        say(line);
    }

    void removed(String cache, CacheKey key) {
        Map<String, Object> line = line("removed", cache);
        line.put("key", key.hex());
        say(line);
    }

    void removedAll(String cache, @Nullable String value, int rows) {
        Map<String, Object> line = line("removed", cache);
        line.put("value", (value != null) ? value : "all");
        line.put("rows", rows);
        say(line);
    }

    void tokenMade(AccessToken token) {
        Map<String, Object> line = line("added", "tokens");
        line.put("key", token.id());
        line.put("name", token.name());
        line.put("role", token.role());
        say(line);
    }

    void tokenRevoked(String id, String name) {
        Map<String, Object> line = line("removed", "tokens");
        line.put("key", id);
        line.put("name", name);
        say(line);
    }

    private static Map<String, Object> line(String action, String of) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("action", action);
        line.put("of", of);
        String name = Caller.current().name();
        line.put("by", (name != null) ? name : ANYONE);
        if (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes request) {
            line.put("from", request.getRequest().getRemoteAddr());
        }
        return line;
    }

    private void say(Map<String, Object> line) {
        if (log.isInfoEnabled()) {
            log.info(json.writeValueAsString(line));
        }
    }

}
