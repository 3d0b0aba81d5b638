package dev.dejavu.webhook;

import java.net.http.HttpResponse;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import dev.dejavu.testing.WithSqlite;

import static dev.dejavu.testing.Http.assertProblem;
import static dev.dejavu.testing.Http.header;
import static dev.dejavu.testing.Http.json;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * How Event Grid asks whether it may send events.
 */
@WithSqlite
class HandshakeTests extends WebhookFixture {

    private static final String QUESTION = """
            [{"id": "2d1781af", "topic": "/subscriptions/1", "subject": "", "data": {"validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6",
              "validationUrl": "https://rp-eastus2.eventgrid.azure.net:553/eventsubscriptions/dejavu/validate?id=512d38b6"},
              "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "eventTime": "2026-01-25T22:12:19.4556811Z", "metadataVersion": "1", "dataVersion": "1"}]
            """;

    private HttpResponse<String> options(String path, String... headers) {
        return http.send("OPTIONS", "/webhooks/" + path, null, headers);
    }

    @Test
    void validationEvent_isAnsweredWithItsCode() {
        HttpResponse<String> response = send("event-grid", QUESTION, "Authorization", SECRET, "aeg-event-type",
                "SubscriptionValidation");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "Content-Type")).startsWith("application/json");
        assertThat(response.body()).isEqualTo("{\"validationResponse\":\"512d38b6-c7b8-40c8-89fe-f46f9e9622b6\"}");
    }

    @Test
    void validationEvent_withoutTheSecret_isRefused() {
        assertProblem(send("event-grid", QUESTION), 401, "unauthenticated");
        assertProblem(send("event-grid?token=wrong", QUESTION, "Authorization", SECRET + "1"), 401, "unauthenticated");
    }

    @Test
    void validationCode_isWrittenAsJson() {
        String hostile = "<script>\\u0022\\n";
        HttpResponse<String> response = send("event-grid", QUESTION.replace("512d38b6-c7b8", hostile), "Authorization",
                SECRET);
        assertThat(json(response).path("validationResponse").asString()).startsWith("<script>\"\n-40c8");
        assertThat(send("event-grid", QUESTION.replace("512d38b6-c7b8", "x".repeat(10_000)), "Authorization", SECRET)
            .statusCode()).isEqualTo(204);
    }

    @Test
    void validationEvent_isNothingToOtherFormats() {
        assertProblem(send("distribution", QUESTION, "Authorization", SECRET), 400, "malformed-body");
        assertThat(send("acr", QUESTION.strip().substring(1, QUESTION.strip().length() - 1), "Authorization", SECRET)
            .statusCode()).isEqualTo(204);
    }

    @Test
    void cloudEventsHandshake_isAgreedTo() {
        HttpResponse<String> response = options("event-grid?token=sixteen+or%20longer", "WebHook-Request-Origin",
                "eventgrid.azure.net", "WebHook-Request-Rate", "120");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "WebHook-Allowed-Origin")).isEqualTo("eventgrid.azure.net");
        assertThat(header(response, "WebHook-Allowed-Rate")).isEqualTo("*");
        assertThat(header(response, "Allow")).isEqualTo("POST,OPTIONS");
    }

    @Test
    void cloudEventsHandshake_withoutTheSecret_isRefused() {
        for (String path : new String[] { "event-grid", "event-grid?token=wrong", "nobody", "github" }) {
            HttpResponse<String> response = options(path, "WebHook-Request-Origin", "eventgrid.azure.net");
            assertProblem(response, 401, "unauthenticated");
            assertThat(header(response, "WebHook-Allowed-Origin")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = { "<script>", "a b", "*", "" })
    void originThatIsNoName_isNotAgreedTo(String origin) {
        HttpResponse<String> response = options("event-grid", "Authorization", SECRET, "WebHook-Request-Origin",
                origin);
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "WebHook-Allowed-Origin")).isEmpty();
    }

}
