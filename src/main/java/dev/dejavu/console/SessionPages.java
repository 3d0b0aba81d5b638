package dev.dejavu.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseCookie;
import org.springframework.http.ResponseEntity;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.servlet.ModelAndView;

import dev.dejavu.access.ConsoleSession;
import dev.dejavu.access.Visitors;

/**
 * Signs in and out, and tells who was refused.
 */
@Page
class SessionPages {

    private static final String HOME = "/console";

    private final ConsoleSession session;

    private final Visitors visitors;

    private final PageAdvice pages;

    SessionPages(ConsoleSession session, Visitors visitors, PageAdvice pages) {
        this.session = session;
        this.visitors = visitors;
        this.pages = pages;
    }

    @GetMapping("/console/sign-in")
    Object form(@RequestParam(required = false) @Nullable String from, Model model) {
        if (visitors.current().isOpen()) {
            return redirect(HOME, null);
        }
        model.addAttribute("from", from);
        model.addAttribute("isWrong", false);
        return "console/sign-in";
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
        model.addAttribute("from", from);
        model.addAttribute("isWrong", true);
        return "console/sign-in";
    }

    @PostMapping("/console/sign-out")
    ResponseEntity<Void> signOut(HttpServletRequest request) {
        return redirect("/console/sign-in", ConsoleSession.end(request));
    }

    /** Whoever was refused is forwarded here, with any method and a status. */
    @RequestMapping("/console/refused")
    ModelAndView refused(HttpServletRequest request, HttpServletResponse response) {
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
        return path.matches("/console(?:[/?][!-~]*)?") && path.length() < 2000;
    }

    private static ResponseEntity<Void> redirect(String path, @Nullable ResponseCookie cookie) {
        ResponseEntity.HeadersBuilder<?> response = PublicLinks.seeOther(path);
        if (cookie != null) {
            response.header(HttpHeaders.SET_COOKIE, cookie.toString());
        }
        return response.build();
    }

}
