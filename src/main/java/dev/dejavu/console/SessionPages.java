package dev.dejavu.console;

import java.util.Optional;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseCookie;
import org.springframework.http.ResponseEntity;
import org.springframework.security.web.WebAttributes;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.ModelAndView;

import dev.dejavu.access.ConsoleSession;
import dev.dejavu.access.ConsoleSignIn;
import dev.dejavu.access.SignInException;
import dev.dejavu.access.Visitors;
import dev.dejavu.api.PublicPath;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;

/**
 * Signs in and out, and tells who was refused.
 */
@Page
class SessionPages {

    private static final String HOME = "/console";

    private final ConsoleSession session;

    private final Optional<ConsoleSignIn> provider;

    private final Visitors visitors;

    private final PageAdvice pages;

    SessionPages(ConsoleSession session, Optional<ConsoleSignIn> provider, Visitors visitors, PageAdvice pages) {
        this.session = session;
        this.provider = provider;
        this.visitors = visitors;
        this.pages = pages;
    }

    @GetMapping("/console/sign-in")
    Object form(@RequestParam(required = false) @Nullable String from,
            @RequestParam(required = false) @Nullable String ended, Model model) {
        if (visitors.current().isOpen()) {
            return redirect(HOME, null);
        }
        return form(from, (ended != null) ? "Your session has ended: its token has expired or was revoked." : null,
                false, model);
    }

    private String form(@Nullable String from, @Nullable String problem, boolean isWrong, Model model) {
        model.addAttribute("from", from);
        model.addAttribute("problem", problem);
        model.addAttribute("isWrong", isWrong);
        model.addAttribute("provider", provider.map(ConsoleSignIn::provider).orElse(null));
        return "console/sign-in";
    }

    @GetMapping(ConsoleSignIn.PATH)
    Object beginAtProvider(@RequestParam(required = false) @Nullable String from, HttpServletRequest request,
            HttpServletResponse response, Model model) {
        if (visitors.current().isOpen()) {
            return redirect(HOME, null);
        }
        try {
            ConsoleSignIn.Begun begun = provider().begin(from, request);
            return ResponseEntity.status(HttpStatus.SEE_OTHER)
                .location(begun.location())
                .header(HttpHeaders.SET_COOKIE, begun.cookie().toString())
                .build();
        }
        catch (SignInException ex) {
            response.setStatus(ex.status().value());
            return form(from, ex.getMessage(), false, model);
        }
    }

    /**
     * The provider leads the browser here, so its session's cookie is sent only with the
     * next page.
     */
    @GetMapping(ConsoleSignIn.PATH + "/callback")
    String endAtProvider(@RequestParam(required = false) @Nullable String state,
            @RequestParam(required = false) @Nullable String code,
            @RequestParam(required = false) @Nullable String error, HttpServletRequest request,
            HttpServletResponse response, Model model) {
        response.addHeader(HttpHeaders.SET_COOKIE, ConsoleSignIn.forget(request).toString());
        try {
            ConsoleSignIn.Ended ended = provider().end(state, code, error, request);
            response.addHeader(HttpHeaders.SET_COOKIE, ended.session().toString());
            model.addAttribute("next", PublicPath.of(isOfConsole(ended.from()) ? ended.from() : HOME));
            return "console/signed-in";
        }
        catch (SignInException ex) {
            response.setStatus(ex.status().value());
            return form(null, ex.getMessage(), false, model);
        }
    }

    private ConsoleSignIn provider() {
        return provider.orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND));
    }

    @PostMapping("/console/sign-in")
    Object signIn(@RequestParam(defaultValue = "") String token, @RequestParam(required = false) @Nullable String from,
            HttpServletRequest request, HttpServletResponse response, Model model) {
        ResponseCookie cookie = session.begin(token.strip(), request).orElse(null);
        if (cookie != null) {
            return redirect((from != null && isOfConsole(from)) ? from : HOME, cookie);
        }
        response.setStatus(HttpStatus.UNAUTHORIZED.value());
        response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"dejavu\", error=\"invalid_token\"");
        return form(from, "This token is wrong, revoked or expired.", true, model);
    }

    @PostMapping("/console/sign-out")
    ResponseEntity<Void> signOut(HttpServletRequest request) {
        return redirect("/console/sign-in", ConsoleSession.end(request));
    }

    /** Whoever was refused is forwarded here, with any method and a status. */
    @RequestMapping("/console/refused")
    ModelAndView refused(HttpServletRequest request, HttpServletResponse response) {
        if (request.getAttribute(WebAttributes.AUTHENTICATION_EXCEPTION) instanceof ProblemException ex
                && ex.problem() == Problem.ISSUER_UNAVAILABLE) {
            return pages.handle(ex, request);
        }
        HttpStatus status = HttpStatus.valueOf(response.getStatus());
        return switch (status) {
            case SERVICE_UNAVAILABLE -> pages.page(status, "The database does not answer",
                    "Nobody can be signed in until it does. Try again in a moment.", request);
            case FORBIDDEN -> pages.page(status, "Refused",
                    "Your role does not suffice for that, or the form was older than your session: go back, load the"
                            + " page again and repeat it.",
                    request);
            default -> pages.page(HttpStatus.NOT_FOUND, "Nothing here", null, request);
        };
    }

    /** Nowhere else, wherever the parameter came from. */
    private static boolean isOfConsole(String path) {
        return path.matches("/console(?:[/?](?:[\\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?") && path.length() < 2000;
    }

    private static ResponseEntity<Void> redirect(String path, @Nullable ResponseCookie cookie) {
        ResponseEntity.HeadersBuilder<?> response = PublicLinks.seeOther(path);
        if (cookie != null) {
            response.header(HttpHeaders.SET_COOKIE, cookie.toString());
        }
        return response.build();
    }

}
