package dev.dejavu.console;

import java.net.URI;
import java.util.List;

import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.api.PublicPath;

/**
 * The HTTP of {@code /}: the console for browsers, an index of the API for all others.
 */
@RestController
class IndexController {

    private static final List<String> CALLS = List.of("/images/{hash}", "/images/lookup", "/images/resolve", "/images",
            "/images/explain", "/images/{hash}/history", "/images/{hash}/invalidate", "/images/{hash}/lease",
            "/images/{hash}/lease/{token}", "/images/{hash}/lease/{token}/renew", "/leases", "/bundles/{digest}",
            "/bundles/lookup", "/bundles", "/bundles/explain", "/bundles/{digest}/history",
            "/bundles/{digest}/invalidate", "/savings", "/usage", "/identity", "/stats", "/tokens", "/tokens/{id}",
            "/overlays/{name}", "/webhooks/{name}");

    @GetMapping("/")
    ResponseEntity<Index> index(@RequestHeader HttpHeaders headers) {
        boolean isBrowser = acceptsHtml(headers);
        ResponseEntity.BodyBuilder response = ResponseEntity.status(isBrowser ? HttpStatus.FOUND : HttpStatus.OK)
            .varyBy(HttpHeaders.ACCEPT)
            .cacheControl(CacheControl.noCache());
        return isBrowser ? response.location(URI.create(PublicPath.of("/console"))).build()
                : response.contentType(MediaType.APPLICATION_JSON).body(Index.current());
    }

    static boolean acceptsHtml(HttpHeaders headers) {
        try {
            return headers.getAccept().stream().anyMatch(IndexController::isHtml);
        }
        catch (InvalidMediaTypeException ex) {
            return false;
        }
    }

    private static boolean isHtml(MediaType accepted) {
        return !accepted.isWildcardType() && accepted.isCompatibleWith(MediaType.TEXT_HTML);
    }

    /**
     * Where everything is, as the caller sees it.
     *
     * @param openapi the description of the API
     * @param docs a page to try it
     * @param client the Python client
     * @param calls the paths of its calls, without those that are named here and
     * Actuator's
     */
    record Index(String name, String console, String openapi, String docs, String health, String client,
            List<String> calls) {

        static Index current() {
            return new Index("dejavu", PublicPath.of("/console"), PublicPath.of("/v3/api-docs"),
                    PublicPath.of("/swagger-ui.html"), PublicPath.of("/actuator/health"), PublicPath.of("/client/"),
                    CALLS.stream().map(PublicPath::of).toList());
        }

    }

}
