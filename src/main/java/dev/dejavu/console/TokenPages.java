package dev.dejavu.console;

import java.time.Clock;
import java.time.Instant;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

import dev.dejavu.access.AccessToken;
import dev.dejavu.access.TokenRequest;
import dev.dejavu.access.Tokens;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.web.ProblemBody;

/**
 * The pages of the tokens.
 */
@Page
@RequestMapping("/console/tokens")
class TokenPages {

    private final Tokens tokens;

    private final Clock clock;

    TokenPages(Tokens tokens, Clock clock) {
        this.tokens = tokens;
        this.clock = clock;
    }

    @GetMapping
    String list(Model model) {
        model.addAttribute("tokens", tokens.list().stream().map(this::row).toList());
        return "console/tokens";
    }

    private Row row(AccessToken token) {
        Instant now = clock.instant();
        return new Row(token.id(), token.name(), token.role().toString(), token.overlay(), token.limits() != null,
                Moment.of(token.createdAt(), now),
                (token.expiresAt() != null) ? Moment.of(token.expiresAt(), now) : null,
                (token.lastUsedAt() != null) ? Moment.of(token.lastUsedAt(), now) : null);
    }

    /** Shows the secret in the answer itself, as it is kept nowhere. */
    @PostMapping
    String create(@RequestParam(defaultValue = "") String name, @RequestParam(defaultValue = "") String role,
            @RequestParam(defaultValue = "") String expires, @RequestParam(defaultValue = "") String overlay,
            Model model, HttpServletResponse response) {
        try {
            model.addAttribute("created", tokens
                .create(new TokenRequest(orNull(name), orNull(role), orNull(expires), orNull(overlay), null)));
        }
        catch (ProblemException ex) {
            if (ex.problem() != Problem.MALFORMED_BODY && ex.problem() != Problem.NAME_TAKEN) {
                throw ex;
            }
            response.setStatus(ProblemBody.of(ex.problem(), null).getStatus());
            model.addAttribute("problem", ex.getMessage());
            model.addAttribute("name", name);
            model.addAttribute("role", role);
            model.addAttribute("expires", expires);
            model.addAttribute("overlay", overlay);
        }
        return list(model);
    }

    private static @Nullable String orNull(String text) {
        return text.isBlank() ? null : text.strip();
    }

    /** Asks once more: this needs no JavaScript. */
    @GetMapping("/{id}/revoke")
    String confirm(@PathVariable String id, Model model) {
        model.addAttribute("token", tokens.list()
            .stream()
            .filter((token) -> token.id().equals(id))
            .map(this::row)
            .findFirst()
            .orElseThrow(() -> new ProblemException(Problem.MISS, "There is no such token, or it is revoked.")));
        return "console/revoke";
    }

    @PostMapping("/{id}/revoke")
    ResponseEntity<Void> revoke(@PathVariable String id) {
        tokens.revoke(id);
        return PublicLinks.seeOther("/console/tokens").build();
    }

    record Row(String id, String name, String role, @Nullable String overlay, boolean isLimited, Moment created,
            @Nullable Moment expires, @Nullable Moment used) {
    }

}
