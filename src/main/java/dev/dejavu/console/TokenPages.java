package dev.dejavu.console;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;

import dev.dejavu.access.AccessToken;
import dev.dejavu.access.Limits;
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
        return page(Form.EMPTY, model);
    }

    private String page(Form form, Model model) {
        model.addAttribute("form", form);
        model.addAttribute("tokens", tokens.list().stream().map(this::row).toList());
        return "console/tokens";
    }

    private Row row(AccessToken token) {
        Instant now = clock.instant();
        return new Row(token.id(), token.name(), token.role().toString(), token.overlay(), Limit.of(token.limits()),
                Moment.of(token.createdAt(), now),
                (token.expiresAt() != null) ? Moment.of(token.expiresAt(), now) : null,
                (token.lastUsedAt() != null) ? Moment.of(token.lastUsedAt(), now) : null);
    }

    /** Shows the secret in the answer itself, as it is kept nowhere. */
    @PostMapping
    String create(@ModelAttribute Form form, Model model, HttpServletResponse response) {
        try {
            model.addAttribute("created", tokens.create(form.request()));
            return page(Form.EMPTY, model);
        }
        catch (ProblemException ex) {
            if (ex.problem() != Problem.MALFORMED_BODY && ex.problem() != Problem.NAME_TAKEN) {
                throw ex;
            }
            response.setStatus(ProblemBody.of(ex.problem(), null).getStatus());
            model.addAttribute("problem", ex.getMessage());
            return page(form, model);
        }
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

    record Row(String id, String name, String role, @Nullable String overlay, List<Limit> limits, Moment created,
            @Nullable Moment expires, @Nullable Moment used) {
    }

    /**
     * What a token is limited to, as in {@code writes scopes} that match one of some
     * patterns.
     */
    record Limit(String name, List<String> patterns) {

        static List<Limit> of(@Nullable Limits limits) {
            return (limits == null) ? List.of()
                    : Stream
                        .of(new Limit("scopes", limits.scopes()), new Limit("repositories", limits.repositories()),
                                new Limit("writes scopes", limits.writeScopes()),
                                new Limit("writes repositories", limits.writeRepositories()))
                        .filter((limit) -> !limit.patterns().isEmpty())
                        .toList();
        }

    }

    /**
     * What was filled in for a new token. Limits have a pattern in each line.
     */
    record Form(@Nullable String name, @Nullable String role, @Nullable String expires, @Nullable String overlay,
            @Nullable String scopes, @Nullable String repositories, @Nullable String writeScopes,
            @Nullable String writeRepositories) {

        static final Form EMPTY = new Form(null, null, null, null, null, null, null, null);

        TokenRequest request() {
            return new TokenRequest(orNull(name), orNull(role), orNull(expires), orNull(overlay),
                    new Limits(lines(scopes), lines(repositories), lines(writeScopes), lines(writeRepositories)));
        }

        private static @Nullable String orNull(@Nullable String text) {
            return (text == null || text.isBlank()) ? null : text.strip();
        }

        private static List<String> lines(@Nullable String text) {
            return (text == null) ? List.of()
                    : text.lines().map(String::strip).filter((line) -> !line.isEmpty()).toList();
        }

    }

}
