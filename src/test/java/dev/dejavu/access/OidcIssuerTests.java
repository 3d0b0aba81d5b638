package dev.dejavu.access;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;

class OidcIssuerTests {

    @ParameterizedTest
    @CsvSource({ "ref=refs/heads/main,refs/heads/main,true", "ref=refs/heads/main,refs/heads/main2,false",
            "ref=refs/heads/*,refs/heads/a/b,true", "ref=refs/heads/*,refs/tags/v1,false", "ref=*,anything,true",
            "ref=a.c,abc,false", "ref=*-*,a-b,true", "ref=,x,false", "ref=true,true,true" })
    void claimMatchesByValueOrPattern(String claim, String actual, boolean matches) {
        assertThat(OidcIssuer.Claim.valueOf(claim).matches(actual)).isEqualTo(matches);
    }

    @Test
    void missingClaimNeverMatchesAndAListMatchesByAnyElement() {
        OidcIssuer.Claim claim = OidcIssuer.Claim.valueOf("groups=plat*");
        assertThat(claim.matches(null)).isFalse();
        assertThat(claim.matches(List.of())).isFalse();
        assertThat(claim.matches(List.of("staff", "platform"))).isTrue();
        assertThat(OidcIssuer.Claim.valueOf("ref_protected=true").matches(true)).isTrue();
    }

    /** The claims are those that GitHub and GitLab document for such jobs. */
    @ParameterizedTest
    @CsvSource({ "github,acme/my-app,refs/heads/main,true,push,WRITE", "github,acme/my-app,refs/heads/main,false,push,",
            "github,acme/my-app,refs/heads/topic,false,push,", "github,acme/other,refs/heads/main,true,push,",
            "github,evil/my-app,refs/heads/main,true,push,",
            "github,acme/my-app,refs/pull/7/merge,false,pull_request,READ",
            "github,acme/my-app,refs/heads/main,true,pull_request_target,",
            "github,evil/my-app,refs/pull/7/merge,false,pull_request,", "gitlab,acme/my-app,main,true,push,WRITE",
            "gitlab,acme/my-app,main,false,push,", "gitlab,acme/my-app,topic,false,push,",
            "gitlab,acme/my-app,topic,false,merge_request_event,READ",
            "gitlab,evil/my-app,topic,false,merge_request_event,", "gitlab,evil/my-app,main,true,push," })
    void documentedExamplesGiveTheRolesTheyPromise(String host, String repository, String ref, String isProtected,
            String event, Role role) throws IOException {
        Map<String, Object> claims = new HashMap<>();
        String owner = repository.substring(0, repository.indexOf('/'));
        if (host.equals("github")) {
            claims.putAll(Map.of("sub", "repo:" + repository + ":ref:" + ref, "repository", repository,
                    "repository_owner", owner, "ref", ref, "ref_type", "branch", "ref_protected", isProtected,
                    "event_name", event));
        }
        else {
            claims.putAll(Map.of("sub", "project_path:" + repository + ":ref_type:branch:ref:" + ref, "project_path",
                    repository, "namespace_path", owner, "ref", ref, "ref_type", "branch", "ref_protected", isProtected,
                    "pipeline_source", event));
        }
        OidcIssuer issuer = documentedProperties().oidc()
            .stream()
            .filter((oidc) -> oidc.issuer().toString().contains(host))
            .findFirst()
            .orElseThrow();
        assertThat(issuer.role(claims).orElse(null)).isEqualTo(role);
    }

    private static AccessProperties documentedProperties() throws IOException {
        Matcher example = Pattern.compile("(?ms)^```yaml\\n(dejavu:\\n.*?)^```")
            .matcher(Files.readString(Path.of("docs/access.md")));
        assertThat(example.find()).isTrue();
        List<PropertySource<?>> sources = new YamlPropertySourceLoader().load("access.md",
                new ByteArrayResource(example.group(1).getBytes(StandardCharsets.UTF_8)));
        return new Binder(ConfigurationPropertySources.from(sources)).bind("dejavu.access", AccessProperties.class)
            .get();
    }

}
