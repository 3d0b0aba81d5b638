package dev.dejavu.history;

import java.util.List;
import java.util.Locale;
import java.util.Random;

import dev.dejavu.cache.Sha256;

/**
 * The parts of an image of a simulated team.
 */
record Image(String endpoint, String project, String domain, String repository, String tag, String platforms) {

    static final List<String> PARTS = List.of("endpoint", "project", "domain", "repository", "spelling", "tag",
            "platforms");

    private static final List<String> REPOSITORIES = List.of("docker.io/library/tools", "docker.io/acme/train",
            "ghcr.io/acme/etl", "registry.example.com:5000/ml/base", "quay.io/acme/serve");

    private static final List<String> PLATFORMS = List.of("linux/amd64", "linux/arm64", "linux/amd64,linux/arm64");

    static Image any(Random random) {
        return new Image("dns:///e" + random.nextInt(3) + ".explain.test", "p" + random.nextInt(4),
                "d" + random.nextInt(3), REPOSITORIES.get(random.nextInt(REPOSITORIES.size())), tag(random),
                PLATFORMS.get(random.nextInt(PLATFORMS.size())));
    }

    private static String tag(Random random) {
        return "t" + Long.toHexString(random.nextLong());
    }

    /** The same image, with another value of one part. */
    Image changed(String part, Random random) {
        return switch (part) {
            case "endpoint" ->
                new Image(another("dns:///e%d.explain.test", endpoint), project, domain, repository, tag, platforms);
            case "project" -> new Image(endpoint, another("p%d", project), domain, repository, tag, platforms);
            case "domain" -> new Image(endpoint, project, another("d%d", domain), repository, tag, platforms);
            case "repository" -> new Image(endpoint, project, domain, repository + "-new", tag, platforms);
            case "spelling" -> new Image(endpoint, project, domain, respelled(random), tag, platforms);
            case "tag" -> new Image(endpoint, project, domain, repository, tag(random), platforms);
            default -> new Image(endpoint, project, domain, repository, tag,
                    PLATFORMS.get((PLATFORMS.indexOf(platforms) + 1) % PLATFORMS.size()));
        };
    }

    private static String another(String form, String known) {
        String zero = form.formatted(0);
        return known.equals(zero) ? form.formatted(1) : zero;
    }

    private String respelled(Random random) {
        String host = repository.substring(0, repository.indexOf('/'));
        String name = repository.substring(host.length());
        List<String> spellings = repository.startsWith("docker.io/")
                ? List.of("index.docker.io" + name, "registry-1.docker.io" + name,
                        name.startsWith("/library") ? "docker.io" + name.replace("/library", "") : "DOCKER.io" + name)
                : host.contains(":") ? List.of(host.toUpperCase(Locale.ROOT) + name)
                        : List.of(host + ":443" + name, host.toUpperCase(Locale.ROOT) + name);
        return spellings.get(random.nextInt(spellings.size()));
    }

    static String cause(String part) {
        return switch (part) {
            case "endpoint", "project", "domain" -> "other-scope";
            case "spelling" -> "other-repository-spelling";
            default -> "other-" + part;
        };
    }

    private String scope() {
        return endpoint + ":" + project + ":" + domain;
    }

    String hash() {
        return Sha256.hex(String.join(":", scope(), repository, tag, platforms));
    }

    String path() {
        return "/images/" + hash();
    }

    String body() {
        return "{\"scope\":\"%s\",\"repository\":\"%s\",\"tag\":\"%s\",\"platforms\":[\"%s\"]}".formatted(scope(),
                repository, tag, platforms.replace(",", "\",\""));
    }

}
