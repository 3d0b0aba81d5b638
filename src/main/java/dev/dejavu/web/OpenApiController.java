package dev.dejavu.web;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

import org.springframework.core.io.ClassPathResource;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

import dev.dejavu.api.PublicPath;

/**
 * The OpenAPI description, written by hand in {@code openapi.yaml}. A test compares it
 * with the controllers.
 */
@RestController
class OpenApiController {

    @GetMapping(path = "/v3/api-docs", produces = MediaType.APPLICATION_JSON_VALUE)
    Map<String, Object> description() throws IOException {
        try (InputStream yaml = new ClassPathResource("openapi.yaml").getInputStream()) {
            Map<String, Object> description = new Yaml(new SafeConstructor(new LoaderOptions())).load(yaml);
            String prefix = PublicPath.of("");
            if (!prefix.isEmpty()) {
                description.put("servers", List.of(Map.of("url", prefix)));
            }
            return description;
        }
    }

}
