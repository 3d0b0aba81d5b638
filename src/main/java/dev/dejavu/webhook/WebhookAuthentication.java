package dev.dejavu.webhook;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Authenticates webhooks by their URLs and headers, before a byte of the body is read: a
 * caller without the secret must not make the service hold its body. Of a signed webhook
 * only the controller can check the signature, so here it needs to have one.
 */
@Component
class WebhookAuthentication implements HandlerInterceptor, WebMvcConfigurer {

    private final ObjectProvider<WebhookProperties> properties;

    private final Map<WebhookProperties.Oidc, OidcSender> senders = new ConcurrentHashMap<>();

    // Late: Spring MVC collects interceptors before the web server starts, whose log
    // would
    // repeat the line about an invalid setting.
    WebhookAuthentication(ObjectProvider<WebhookProperties> properties) {
        this.properties = properties;
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this).addPathPatterns("/webhooks/*");
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        Object variables = request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE);
        Object name = (variables instanceof Map<?, ?> map) ? map.get("name") : null;
        WebhookProperties.Webhook webhook = properties.getObject().webhooks().get(String.valueOf(name));
        if (webhook == null
                || !mayBeAuthentic(webhook, request.getHeader(webhook.secretHeader()), UrlSecret.of(request))) {
            throw refusal();
        }
        return true;
    }

    private boolean mayBeAuthentic(WebhookProperties.Webhook webhook, @Nullable String header, @Nullable String token) {
        if (webhook.oidc() != null) {
            return header != null && senders.computeIfAbsent(webhook.oidc(), OidcSender::new).isIn(header);
        }
        Signature signature = webhook.signature();
        if (signature != null) {
            return header != null && signature.isForm(header);
        }
        WebhookSecret secret = new WebhookSecret(Objects.requireNonNull(webhook.secret()));
        return (header != null && secret.isIn(header))
                || (token != null && webhook.reader().takesUrlSecret() && secret.is(token));
    }

    static ProblemException refusal() {
        return new ProblemException(Problem.UNAUTHENTICATED,
                "There is no such webhook, or the request does not have its secret.");
    }

}
