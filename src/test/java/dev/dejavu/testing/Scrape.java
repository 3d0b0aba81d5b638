package dev.dejavu.testing;

import java.net.http.HttpResponse;
import java.util.stream.Stream;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The metrics of a service at a moment.
 *
 * @param text in Prometheus' format
 */
public record Scrape(String text) {

    public static Scrape of(Http http, String... headers) {
        HttpResponse<String> response = http.get("/actuator/prometheus", headers);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new Scrape(response.body());
    }

    /**
     * The value of a series.
     * @param series as in {@code dejavu_lookups_total{cache="images",result="hit"}}, with
     * its labels in the order of the alphabet
     * @return 0 when there is none
     */
    public double value(String series) {
        return values(series + " ").findFirst().orElse(0.0);
    }

    /** The sum of all series of a name. */
    public double sum(String name) {
        return Stream.concat(values(name + " "), values(name + "{")).mapToDouble(Double::doubleValue).sum();
    }

    private Stream<Double> values(String prefix) {
        return text.lines()
            .filter((line) -> line.startsWith(prefix))
            .map((line) -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)));
    }

}
