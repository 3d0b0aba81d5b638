package dev.dejavu.registry;

import java.util.List;

/**
 * The public registries that a service may ask without any setting, and the hosts that
 * they send their clients to. A {@code *} is one label: every pattern ends in a domain of
 * its provider, and has no place for a name with more labels, as anybody can choose the
 * name of a bucket.
 */
final class WellKnownRegistries {

    /** What a client may name. */
    static final List<String> REGISTRIES = List.of(
            // Docker Hub
            "docker.io",
            // GitHub, GitLab, Quay, JFrog, Kubernetes
            "ghcr.io", "registry.gitlab.com", "quay.io", "*.jfrog.io", "registry.k8s.io",
            // Google
            "gcr.io", "*.gcr.io", "*.pkg.dev",
            // Amazon: public, then private by account and region, with IPv6, FIPS, China,
            // the European cloud
            "public.ecr.aws", "ecr-public.aws.com", "*.dkr.ecr.*.amazonaws.com", "*.dkr-ecr.*.on.aws",
            "*.dkr.ecr-fips.*.amazonaws.com", "*.dkr-ecr-fips.*.on.aws", "*.dkr.ecr.*.amazonaws.com.cn",
            "*.dkr-ecr.*.on.amazonwebservices.com.cn", "*.dkr.ecr.*.amazonaws.eu",
            // Microsoft: public, then private, those of one region, China, the government
            // of the USA
            "mcr.microsoft.com", "*.azurecr.io", "*.*.geo.azurecr.io", "*.azurecr.cn", "*.*.geo.azurecr.cn",
            "*.azurecr.us", "*.*.geo.azurecr.us");

    /** Token servers of those that have one elsewhere. */
    static final List<String> TOKEN_SERVERS = List.of("auth.docker.io", "gitlab.com");

    /**
     * Where they redirect to for blobs. A client cannot name them and they get no
     * password, as some of them serve anything that anyone uploads.
     */
    static final List<String> BLOBS = List.of(
            // Docker Hub
            "production.cloudflare.docker.com", "production.cloudfront.docker.com",
            "docker-images-prod.*.r2.cloudflarestorage.com",
            // GitHub, GitLab, Quay
            "pkg-containers.githubusercontent.com", "cdn.registry.gitlab-static.net", "*.quay.io",
            // Google
            "storage.googleapis.com",
            // Amazon, which serves others too
            "*.cloudfront.net", "*.s3.amazonaws.com", "*.s3.*.amazonaws.com", "*.s3.dualstack.*.amazonaws.com",
            "*.s3.*.amazonaws.com.cn", "*.s3.dualstack.*.amazonaws.com.cn", "*.s3.*.amazonaws.eu",
            // Microsoft
            "*.data.mcr.microsoft.com", "*.*.data.azurecr.io", "*.*.data.azurecr.cn", "*.*.data.azurecr.us",
            "*.blob.core.windows.net", "*.blob.core.chinacloudapi.cn", "*.blob.core.usgovcloudapi.net");

    private WellKnownRegistries() {
    }

}
