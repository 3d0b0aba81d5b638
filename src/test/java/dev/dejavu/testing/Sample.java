package dev.dejavu.testing;

import dev.dejavu.cache.Sha256;

/**
 * An entry that no other test uses, with the parts of its key, as a client sends it.
 *
 * @param path as in {@code /images/0123…}
 * @param body of a PUT
 * @param value that the parts make
 */
public record Sample(String path, String body, String value) {

    public static final String SCOPE = "dns:///example.union.ai:proj:dev";

    /** An image of a tag of its own. */
    public static Sample image() {
        return image(SCOPE, "ghcr.io/acme/my-app");
    }

    public static Sample image(String scope, String repository) {
        return image(scope, repository, "v" + Keys.next().hex().substring(0, 20));
    }

    public static Sample image(String scope, String repository, String tag) {
        String hash = Sha256.hex(String.join(":", scope, repository, tag, "linux/amd64"));
        return new Sample("/images/" + hash,
                "{\"scope\":\"%s\",\"repository\":\"%s\",\"tag\":\"%s\",\"platforms\":[\"linux/amd64\"]}"
                    .formatted(scope, repository, tag),
                repository + ":" + tag);
    }

    public static Sample bundle() {
        return bundle(SCOPE);
    }

    public static Sample bundle(String scope) {
        String digest = Keys.next().hex().substring(0, 32);
        String path = "s3://acme-flyte/proj/dev/A5======/fast" + digest + ".tar.gz";
        return new Sample("/bundles/" + Sha256.hex(scope + ":" + digest),
                "{\"hash_digest\":\"0cc175b9c0f1b6a831c399e269772661\",\"remote_path\":\"%s\",\"scope\":\"%s\",\"files_digest\":\"%s\"}"
                    .formatted(path, scope, digest),
                path);
    }

    /** The same key with another value: the URI with a digest, or a path by that name. */
    public Sample other(String name) {
        if (path.startsWith("/bundles")) {
            String renamed = value.replace("A5======", name);
            return new Sample(path, body.replace(value, renamed), renamed);
        }
        return pinned(name);
    }

    /** The same image, with a digest in its URI: another value of the same key. */
    public Sample pinned(String hex) {
        String uri = value + "@sha256:" + Sha256.hex(hex);
        return new Sample(path, body.replaceFirst("\\{", "{\"image_uri\":\"" + uri + "\","), uri);
    }

    /**
     * The same bundle, in a place that names its writer: another value of the same key.
     */
    public Sample uploadedTo(String writer) {
        String path = value.replace("/A5======/", "/" + writer + "======/");
        return new Sample(this.path, body.replace(value, path), path);
    }

    /** The same value, with another member. */
    public Sample with(String member, String text) {
        return withJson(member, "\"" + text + "\"");
    }

    /** The same value, with another member of any type. */
    public Sample withJson(String member, String json) {
        return new Sample(path, "{\"" + member + "\":" + json + "," + body.substring(1), value);
    }

    /** The same value, without the parts of its key. */
    public Sample withoutParts() {
        return new Sample(path,
                path.startsWith("/images/") ? "{\"image_uri\":\"" + value + "\"}"
                        : "{\"hash_digest\":\"0cc175b9c0f1b6a831c399e269772661\",\"remote_path\":\"" + value + "\"}",
                value);
    }

    /**
     * The same image, with its registry's port and its name in the tag: other parts that
     * make the same key and the same value.
     */
    public Sample splitElsewhere() {
        return new Sample(path,
                body.replaceFirst("(\"repository\":\"[^\":]+):([^\"]+)\",\"tag\":\"", "$1\",\"tag\":\"$2:"), value);
    }

    public String key() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

}
