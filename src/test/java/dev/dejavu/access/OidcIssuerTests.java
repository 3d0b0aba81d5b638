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

import org.jspecify.annotations.Nullable;
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
    @CsvSource({ "github,1234567,7654321,refs/heads/main,true,push,WRITE,",
            "github,1234567,7654321,refs/heads/main,false,push,,",
            "github,1234567,7654321,refs/heads/topic,false,push,,", "github,1234567,1,refs/heads/main,true,push,,",
            "github,666,7654321,refs/heads/main,true,push,,",
            "github,1234567,7654321,refs/pull/7/merge,false,pull_request,WRITE,7654321/refs/pull/7/merge",
            "github,1234567,7654321,refs/heads/main,true,pull_request_target,,",
            "github,1234567,7654321,refs/heads/main,true,workflow_dispatch,,",
            "github,666,7654321,refs/pull/7/merge,false,pull_request,,", "gitlab,1234567,7654321,main,true,push,WRITE,",
            "gitlab,1234567,7654321,main,false,push,,", "gitlab,1234567,7654321,topic,false,push,,",
            "gitlab,1234567,7654321,topic,false,merge_request_event,WRITE,7654321/refs/heads/topic",
            "gitlab,666,7654321,topic,false,merge_request_event,,", "gitlab,666,7654321,main,true,push,," })
    void documentedExamplesGiveTheRolesTheyPromise(String host, String owner, String repository, String ref,
            String isProtected, String event, @Nullable Role role, @Nullable String overlay) throws IOException {
        Map<String, Object> claims = new HashMap<>(Map.of("sub", "x", "ref", ref, "ref_protected", isProtected));
        if (host.equals("github")) {
            claims.putAll(Map.of("repository_id", repository, "repository_owner_id", owner, "event_name", event,
                    "job_workflow_ref", "acme/my-app/.github/workflows/build.yml@" + ref));
        }
        else {
            claims.putAll(Map.of("project_id", repository, "namespace_id", owner, "ref_type", "branch", "ref_path",
                    "refs/heads/" + ref, "pipeline_source", event));
        }
        OidcIssuer issuer = documentedProperties().oidc()
            .stream()
            .filter((oidc) -> oidc.issuer().toString().contains(host))
            .findFirst()
            .orElseThrow();
        Identity identity = issuer.identity(claims);
        assertThat(Role.highestOf(identity).orElse(null)).isEqualTo(role);
        assertThat(identity.caller().overlay()).isEqualTo((overlay != null) ? overlay : "");
        assertThat(identity.caller().name()).isEqualTo(issuer.issuer() + "#x");
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
