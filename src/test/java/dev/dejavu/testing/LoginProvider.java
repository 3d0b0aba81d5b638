package dev.dejavu.testing;

import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import com.sun.net.httpserver.HttpExchange;
import org.jspecify.annotations.Nullable;

/**
 * An OpenID Connect provider that signs everybody in as the same person, at
 * {@code localhost}: to a browser another site than {@code 127.0.0.1}. It answers like a
 * strict one: a code counts once, for the client, the secret, the address and the PKCE
 * verifier that it was made for.
 */
public final class LoginProvider implements AutoCloseable {

    public static final String CLIENT = "dejavu-console";

    /** With a character that has to be encoded for Basic. */
    public static final String SECRET = "the secret of:the console";

    /** Submits itself, as the pages of a single sign-on. */
    private static final String FORM = """
            <!DOCTYPE html><html lang="en"><title>Provider</title><form action="/login">%s<button>Yes</button></form>
            <script>document.forms[0].submit()</script></html>
            """;

    private final Issuer issuer = new Issuer("localhost");

    private final Map<String, Map<String, String>> codes = new ConcurrentHashMap<>();

    private volatile Map<String, Object> person = Map.of();

    /** Makes the ID token of its claims. */
    private volatile UnaryOperator<Map<String, Object>> claims = UnaryOperator.identity();

    private volatile @Nullable String idToken;

    private volatile @Nullable String error;

    private volatile CountDownLatch slow = new CountDownLatch(0);

    public LoginProvider() {
        issuer.handle("/authorize", (exchange) -> answer(exchange, 200, "text/html", FORM
            .formatted(query(exchange.getRequestURI().getRawQuery()).entrySet()
                .stream()
                .map((field) -> "<input type=hidden name='%s' value='%s'>".formatted(field.getKey(), field.getValue()))
                .collect(Collectors.joining()))));
        issuer.handle("/login", this::login);
        issuer.handle("/token", this::token);
        reset();
    }

    /** Signs in an engineer again, without any trouble. */
    public void reset() {
        person = Map.of("sub", "1000", "email", "ada@example.com", "groups", List.of("engineers"));
        claims = UnaryOperator.identity();
        idToken = null;
        error = null;
        slow.countDown();
        issuer.setUnavailable(false);
    }

    public Issuer issuer() {
        return issuer;
    }

    public String uri() {
        return issuer.uri();
    }

    /** Signs in a person with claims. */
    public void setPerson(Map<String, Object> person) {
        this.person = person;
    }

    /** Changes all claims of ID tokens. */
    public void setClaims(UnaryOperator<Map<String, Object>> claims) {
        this.claims = claims;
    }

    public void setIdToken(String idToken) {
        this.idToken = idToken;
    }

    /** Leads browsers back with an error. */
    public void setError(String error) {
        this.error = error;
    }

    /** Answers no request for a token before the end. */
    public void hang() {
        slow = new CountDownLatch(1);
    }

    private void login(HttpExchange exchange) throws IOException {
        Map<String, String> asked = query(exchange.getRequestURI().getRawQuery());
        String code = Keys.next().hex();
        codes.put(code, asked);
        boolean isRight = "code".equals(asked.get("response_type")) && CLIENT.equals(asked.get("client_id"))
                && "S256".equals(asked.get("code_challenge_method"))
                && asked.getOrDefault("scope", "").contains("openid");
        String answer = (error != null) ? "error=" + error : isRight ? "code=" + code : "error=invalid_request";
        exchange.getResponseHeaders()
            .add("Location", asked.get("redirect_uri") + "?" + answer + "&state="
                    + URLEncoder.encode(asked.get("state"), StandardCharsets.UTF_8));
        exchange.sendResponseHeaders(302, -1);
        exchange.close();
    }

    private void token(HttpExchange exchange) throws IOException {
        try {
            slow.await();
        }
        catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        Map<String, String> asked = query(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        Map<String, String> begun = codes.remove(asked.getOrDefault("code", ""));
        if (!basic(CLIENT, SECRET).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            answer(exchange, 401, "application/json", "{\"error\":\"invalid_client\"}");
        }
        else if (begun == null || !Objects.equals(begun.get("redirect_uri"), asked.get("redirect_uri"))
                || !challenge(asked.getOrDefault("code_verifier", "")).equals(begun.get("code_challenge"))) {
            answer(exchange, 400, "application/json", "{\"error\":\"invalid_grant\"}");
        }
        else {
            Map<String, Object> all = new HashMap<>(person);
            all.put("nonce", begun.get("nonce"));
            String made = (idToken != null) ? idToken : issuer.token(CLIENT, claims.apply(all), Duration.ofHours(1));
            answer(exchange, 200, "application/json",
                    "{\"access_token\":\"opaque\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"id_token\":\"" + made
                            + "\"}");
        }
    }

    private static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder()
            .encodeToString((URLEncoder.encode(user, StandardCharsets.UTF_8) + ":"
                    + URLEncoder.encode(password, StandardCharsets.UTF_8))
                .getBytes(StandardCharsets.UTF_8));
    }

    private static String challenge(String verifier) {
        try {
            return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(MessageDigest.getInstance("SHA-256").digest(verifier.getBytes(StandardCharsets.UTF_8)));
        }
        catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static Map<String, String> query(String text) {
        return Arrays.stream(text.split("&"))
            .map((field) -> field.split("=", 2))
            .collect(Collectors.toMap((field) -> field[0],
                    (field) -> URLDecoder.decode(field[1], StandardCharsets.UTF_8)));
    }

    private static void answer(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", type);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    /** What the page of the provider leads to, as if a person had agreed. */
    public static URI agreed(String authorization) {
        return URI.create(authorization.replace("/authorize?", "/login?"));
    }

    @Override
    public void close() {
        slow.countDown();
        issuer.close();
    }

}
