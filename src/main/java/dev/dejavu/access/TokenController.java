package dev.dejavu.access;

import java.net.URI;
import java.util.List;

import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

import dev.dejavu.access.Tokens.CreatedToken;
import dev.dejavu.api.PublicPath;

/**
 * The HTTP of {@code /tokens}.
 */
@RestController
@RequestMapping(path = "/tokens", produces = MediaType.APPLICATION_JSON_VALUE)
class TokenController {

    private final Tokens tokens;

    TokenController(Tokens tokens) {
        this.tokens = tokens;
    }

    @PostMapping
    ResponseEntity<CreatedToken> create(@RequestBody TokenRequest request) {
        CreatedToken created = tokens.create(request);
        return ResponseEntity.created(URI.create(PublicPath.of("/tokens/") + created.token().id()))
            .cacheControl(CacheControl.noStore())
            .body(created);
    }

    @GetMapping
    ResponseEntity<TokenList> list() {
        return ResponseEntity.ok().cacheControl(CacheControl.noStore()).body(new TokenList(tokens.list()));
    }

    @DeleteMapping("/{id}")
    ResponseEntity<Void> revoke(@PathVariable String id) {
        tokens.revoke(id);
        return ResponseEntity.noContent().build();
    }

    /**
     * All tokens that are not revoked, newest first.
     */
    record TokenList(List<AccessToken> tokens) {
    }

}
