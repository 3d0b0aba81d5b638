package dev.dejavu.console;

import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

import jakarta.servlet.http.HttpServletResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;

import dev.dejavu.bundle.BundleExplainer;
import dev.dejavu.cache.CacheEntry;
import dev.dejavu.cache.Problem;
import dev.dejavu.cache.ProblemException;
import dev.dejavu.history.Difference;
import dev.dejavu.history.Explanation;
import dev.dejavu.image.ImageExplainer;
import dev.dejavu.web.ProblemBody;

/**
 * The page that says why a key is a hit or a miss.
 */
@Page
class ExplainPage {

    private static final int SHA256_LENGTH = 64;

    private final ImageExplainer images;

    private final BundleExplainer bundles;

    private final Clock clock;

    ExplainPage(ImageExplainer images, BundleExplainer bundles, Clock clock) {
        this.images = images;
        this.bundles = bundles;
        this.clock = clock;
    }

    @GetMapping("/console/explain")
    String explain(@RequestParam(defaultValue = "") String uri, @RequestParam(defaultValue = "") String digest,
            @RequestParam(defaultValue = "") String key, @RequestParam(defaultValue = "") String scope,
            @RequestParam(defaultValue = "linux/amd64") String platforms, Model model, HttpServletResponse response) {
        model.addAttribute("uri", uri);
        model.addAttribute("digest", digest);
        model.addAttribute("key", key);
        model.addAttribute("scope", scope);
        model.addAttribute("platforms", platforms);
        if (uri.isBlank() && digest.isBlank() && key.isBlank()) {
            return "console/explain";
        }
        try {
            model.addAttribute("result", explain(uri.strip(), digest.strip(), key.strip(), scope.strip(), platforms));
        }
        catch (ProblemException ex) {
            if (ex.problem() == Problem.STORAGE_UNAVAILABLE) {
                throw ex;
            }
            response.setStatus(ProblemBody.of(ex.problem(), null).getStatus());
            model.addAttribute("problem", ex.getMessage());
        }
        return "console/explain";
    }

    private Result explain(String uri, String digest, String key, String scope, String platforms) {
        if (!uri.isEmpty()) {
            return result("images", image(uri, scope, platforms));
        }
        return digest.isEmpty() ? ofKey(key) : result("bundles", bundles.explain(scope, digest, null));
    }

    private Result result(String cache, Explanation<? extends CacheEntry> explanation) {
        return Result.of(cache, explanation, clock.instant());
    }

    /** A SHA-256 may be that of an image or of a bundle. */
    private Result ofKey(String key) {
        Explanation<? extends CacheEntry> ofBundle = bundles.explain(key);
        return (key.length() == SHA256_LENGTH && ofBundle.cause().equals(Explanation.NEVER_SEEN))
                ? result("images", images.explain(key)) : result("bundles", ofBundle);
    }

    private Explanation<? extends CacheEntry> image(String uri, String scope, String platforms) {
        String tagged = uri.replaceFirst("@.*", "");
        int colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1);
        if (colon < 0) {
            throw new ProblemException(Problem.INVALID_IMAGE_URI, "The URI has to name a tag.");
        }
        return images.explain(scope, tagged.substring(0, colon), tagged.substring(colon + 1),
                Arrays.stream(platforms.split(",")).map(String::strip).filter((one) -> !one.isEmpty()).toList());
    }

    /**
     * An explanation on a page.
     *
     * @param event that made it a miss
     */
    record Result(String cache, String key, String outcome, String text, boolean isHere, Excerpt<Near> nearest,
            HistoryView.@Nullable Event event) {

        static Result of(String cache, Explanation<? extends CacheEntry> explanation, Instant now) {
            return new Result(cache, explanation.key(), explanation.outcome().toString(), explanation.text(),
                    explanation.entry() != null,
                    new Excerpt<>(explanation.nearest(), explanation.isCut())
                        .map((near) -> new Near(EntryView.of(near.entry(), now), near.differs())),
                    (explanation.event() != null) ? HistoryView.Event.of(explanation.event(), now) : null);
        }

    }

    record Near(EntryView entry, List<Difference> differs) {
    }

}
