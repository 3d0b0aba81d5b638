package dev.dejavu.console;

import dev.dejavu.cache.CacheKey;

/**
 * The commands that fill an empty service, for whoever has just started it.
 */
record FirstCalls(String image, String bundle) {

    private static final String SCOPE = "https://flyte.example.com:proj:dev";

    private static final String FILES = "13164aad67360d377c32433a5f57ae8f";

    static FirstCalls current() {
        String url = PublicLinks.url("");
        return new FirstCalls(
                put(url + "/images/" + CacheKey.hashOf(SCOPE + ":ghcr.io/acme/my-app:v1.0:linux/amd64"),
                        "{\"scope\": \"" + SCOPE + "\", \"repository\": \"ghcr.io/acme/my-app\", \"tag\": \"v1.0\","
                                + " \"platforms\": [\"linux/amd64\"]}"),
                put(url + "/bundles/" + CacheKey.hashOf(SCOPE + ":" + FILES),
                        "{\"scope\": \"" + SCOPE + "\", \"files_digest\": \"" + FILES + "\", \"hash_digest\": \""
                                + FILES + "\", \"remote_path\": \"s3://acme/proj/dev/fast" + FILES + ".tar.gz\"}"));
    }

    private static String put(String url, String body) {
        return "curl -X PUT " + url + " -H 'Content-Type: application/json' -d '" + body + "'";
    }

}
