package dev.dejavu.access;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import dev.dejavu.testing.Sample;

/**
 * A request that nobody below an administrator of the base may send, and that changes
 * nothing.
 */
record HistoryAttempt(String method, String path, @Nullable String body) {

    /**
     * All that are about one entry.
     * @param other another entry of the same cache
     * @param overlay of somebody else
     */
    static List<HistoryAttempt> of(Sample entry, Sample other, String overlay) {
        String collection = HistoryReads.collection(entry);
        boolean isImage = collection.equals("/images");
        String key = isImage ? "hash" : "digest";
        List<HistoryAttempt> attempts = new ArrayList<>(List.of(
                // parts of another key, and the value of one
                new HistoryAttempt("PUT", entry.path(), other.body()),
                new HistoryAttempt("PUT", entry.path(),
                        isImage ? with(entry, "image_uri", other.value())
                                : entry.body().replace(entry.value(), other.value())),
                new HistoryAttempt("PUT", entry.path() + "/" + overlay, entry.body()),
                new HistoryAttempt("PUT", entry.path() + "%2F" + overlay, entry.body()),
                new HistoryAttempt("GET", entry.path() + "/" + overlay, null),
                new HistoryAttempt("GET", entry.path() + "%2f" + overlay, null),
                new HistoryAttempt("DELETE", entry.path() + "/" + overlay, null),
                new HistoryAttempt("POST", collection + "/lookup",
                        "{\"%s\":[\"%s\"]}".formatted(isImage ? "hashes" : "digests", entry.key() + "/" + overlay)),
                new HistoryAttempt("GET", collection + "?overlay=" + overlay, null),
                new HistoryAttempt("DELETE", collection + "?overlay=" + overlay, null),
                new HistoryAttempt("GET", "/tokens", null),
                new HistoryAttempt("POST", "/tokens", "{\"name\":\"" + entry.key() + "\",\"role\":\"admin\"}"),
                new HistoryAttempt("POST", "/webhooks/real", "{\"events\":[]}"),
                new HistoryAttempt("GET", "/actuator/env/" + key, null)));
        attempts.addAll(isImage ? splitElsewhere(entry) : others(entry));
        return attempts;
    }

    /** Other parts whose text, and so whose key, is the same. */
    private static List<HistoryAttempt> splitElsewhere(Sample image) {
        List<String> bodies = List.of(image.splitElsewhere().body(),
                // the registry's host ends the scope, and its port begins the repository
                image.body().replace(":dev\",\"repository\":\"127.0.0.1:", ":dev:127.0.0.1\",\"repository\":\""),
                image.body().replace(":dev\",\"repository\":\"", "\",\"repository\":\"dev:"),
                image.body().replace(":proj:dev\",\"repository\":\"", "\",\"repository\":\"proj:dev:"));
        return bodies.stream()
            .flatMap((body) -> Stream.of(new HistoryAttempt("PUT", image.path(), body),
                    new HistoryAttempt("POST", "/images/resolve", body)))
            .toList();
    }

    /** The same of a bundle, and places where it cannot be. */
    private static List<HistoryAttempt> others(Sample bundle) {
        String body = bundle.body();
        return List
            .of(body.replace(":dev\",", "\",").replace("\"files_digest\":\"", "\"files_digest\":\"dev:"),
                    body.replace("/proj/dev/", "/other/../proj/dev/"), body.replace("/proj/dev/", "/other/dev/"),
                    body.replace("s3://", "https://"))
            .stream()
            .map((other) -> new HistoryAttempt("PUT", bundle.path(), other))
            .toList();
    }

    private static String with(Sample sample, String member, String text) {
        return sample.body().replaceFirst("\\{", "{\"" + member + "\":\"" + text + "\",");
    }

}
