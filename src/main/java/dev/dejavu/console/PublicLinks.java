package dev.dejavu.console;

import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
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

    @Override
    protected String computeContextPath(IExpressionContext context, @Nullable String base,
            @Nullable Map<String, Object> parameters) {
        return PublicPath.of("");
    }

}
