package dev.dejavu.console;

import java.net.URI;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;
import org.thymeleaf.context.IExpressionContext;
import org.thymeleaf.linkbuilder.StandardLinkBuilder;
import org.thymeleaf.spring6.SpringTemplateEngine;

import dev.dejavu.api.PublicPath;

/**
 * Links in templates, as the browser sees the service: behind the prefix of a proxy too.
 */
@Component
class PublicLinks extends StandardLinkBuilder {

    PublicLinks(SpringTemplateEngine templates) {
        templates.setLinkBuilder(this);
    }

    /** The whole URL of a path of this service. */
    static String url(String path) {
        return ServletUriComponentsBuilder.fromCurrentRequest()
            .replacePath(PublicPath.of(path))
            .replaceQuery(null)
            .toUriString();
    }

    /** An answer to a POST that leads to a page. */
    static ResponseEntity.BodyBuilder seeOther(String path) {
        return ResponseEntity.status(HttpStatus.SEE_OTHER).location(URI.create(PublicPath.of(path)));
    }

    @Override
    protected String computeContextPath(IExpressionContext context, @Nullable String base,
            @Nullable Map<String, Object> parameters) {
        return PublicPath.of("");
    }

}
