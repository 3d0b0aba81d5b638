package dev.dejavu.client;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.CacheControl;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.resource.NoResourceFoundException;

import dev.dejavu.cache.Sha256;

/**
 * The HTTP of {@code /client}: an index of one Python package (PEP 503 and 691).
 */
@RestController
class ClientController {

    private static final MediaType HTML = new MediaType(MediaType.TEXT_HTML, StandardCharsets.UTF_8);

    private static final MediaType JSON = MediaType.valueOf("application/vnd.pypi.simple.v1+json");

    private final SingletonSupplier<Wheel> wheel = SingletonSupplier.of(Wheel::ofClient);

    /** The links in the pages need the slash. */
    @GetMapping({ "/client", "/client/dejavu-flyte" })
    ResponseEntity<Void> redirect(HttpServletRequest request) {
        String path = request.getServletPath();
        return ResponseEntity.status(HttpStatus.PERMANENT_REDIRECT)
            .header(HttpHeaders.LOCATION, path.substring(path.lastIndexOf('/') + 1) + "/")
            .build();
    }

    @GetMapping("/client/")
    ResponseEntity<byte[]> index() {
        return page(HTML, ClientPages.index(wheel.obtain()));
    }

    @GetMapping("/client/dejavu-flyte/")
    ResponseEntity<byte[]> project(@RequestHeader(name = HttpHeaders.ACCEPT, defaultValue = "") String accepted) {
        return accepted.contains(JSON.toString()) ? page(JSON, ClientPages.description(wheel.obtain()))
                : page(HTML, ClientPages.project(wheel.obtain()));
    }

    @GetMapping("/client/{file}")
    ResponseEntity<byte[]> wheel(@PathVariable String file, HttpServletRequest request)
            throws NoResourceFoundException {
        if (!file.equals(wheel.obtain().fileName())) {
            throw new NoResourceFoundException(HttpMethod.valueOf(request.getMethod()), request.getRequestURI(), file);
        }
        byte[] content = wheel.obtain().content();
        // Without its name Spring would call it f.txt.
        return answer(MediaType.APPLICATION_OCTET_STREAM, content)
            .header(HttpHeaders.CONTENT_DISPOSITION, ContentDisposition.attachment().filename(file).build().toString())
            .body(content);
    }

    private static ResponseEntity<byte[]> page(MediaType type, String text) {
        byte[] content = text.getBytes(StandardCharsets.UTF_8);
        return answer(type, content).body(content);
    }

    /** Another build may have other bytes under the same name. */
    private static ResponseEntity.BodyBuilder answer(MediaType type, byte[] content) {
        return ResponseEntity.ok()
            .contentType(type)
            .cacheControl(CacheControl.noCache())
            .varyBy(HttpHeaders.ACCEPT)
            .eTag(HexFormat.of().formatHex(Sha256.of(content), 0, 16));
    }

}
