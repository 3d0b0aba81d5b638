package dev.dejavu.registry;

import java.net.URISyntaxException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.net.URIAuthority;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class ProxyRoutesTests {

    private static final String SETTING = "http://setting.example.com:3128";

    private final Map<String, String> environment = new HashMap<>();

    private final Properties java = new Properties();

    @Test
    void nothingSetIsNoProxy() {
        assertThat(proxy("https", "ghcr.io")).isNull();
    }

    @Test
    void settingComesBeforeJavaAndThatBeforeTheEnvironment() {
        environment.put("ALL_PROXY", "http://all.example.com:1");
        assertThat(proxy("https", "ghcr.io")).isEqualTo("http://all.example.com:1");
        environment.put("https_proxy", "https://lower.example.com");
        assertThat(proxy("https", "ghcr.io")).isEqualTo("https://lower.example.com:443");
        assertThat(proxy("http", "ghcr.io")).isEqualTo("http://all.example.com:1");
        environment.put("HTTPS_PROXY", "upper.example.com:8080");
        assertThat(proxy("https", "ghcr.io")).isEqualTo("http://upper.example.com:8080");
        environment.put("HTTP_PROXY", "http://ada:secret@plain.example.com/");
        assertThat(proxy("http", "ghcr.io")).isEqualTo("http://plain.example.com:80");
        java.setProperty("https.proxyHost", "java.example.com");
        java.setProperty("https.proxyPort", "81");
        assertThat(proxy("https", "ghcr.io")).isEqualTo("http://java.example.com:81");
        assertThat(proxy("http", "ghcr.io")).isEqualTo("http://plain.example.com:80");
        assertThat(proxy("https", "ghcr.io", "proxy", SETTING)).isEqualTo(SETTING);
        assertThat(proxy("http", "ghcr.io", "proxy", SETTING)).isEqualTo(SETTING);
        assertThat(proxy("https", "ghcr.io", "proxy", "none")).isNull();
    }

    @Test
    void eachSourceHasItsOwnExceptionsAndThoseOfTheSettingHoldForAll() {
        environment.put("HTTPS_PROXY", "http://proxy.example.com:3128");
        environment.put("no_proxy", "ghcr.io, 10.0.0.0/8");
        assertThat(proxy("https", "ghcr.io")).isNull();
        assertThat(proxy("https", "10.1.2.3")).isNull();
        assertThat(proxy("https", "quay.io")).isNotNull();
        assertThat(proxy("https", "quay.io", "no-proxy", "quay.io")).isNull();
        assertThat(proxy("https", "ghcr.io", "proxy", SETTING)).isEqualTo(SETTING);
        java.setProperty("https.proxyHost", "java.example.com");
        java.setProperty("http.nonProxyHosts", "*.corp|quay.*");
        assertThat(proxy("https", "registry.corp")).isNull();
        assertThat(proxy("https", "quay.io")).isNull();
        assertThat(proxy("https", "ghcr.io")).isEqualTo("http://java.example.com:443");
    }

    @ParameterizedTest
    @ValueSource(strings = { "localhost", "registry.localhost", "127.0.0.1", "127.1", "[::1]", "0.0.0.0" })
    void thisMachineIsAskedDirectly(String host) {
        assertThat(proxy("https", host, "proxy", SETTING)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = { "socks5://proxy.example.com:1080", "http://", "http://a b", "http://ada:%zz@proxy" })
    void variableForOthersIsNotUsed(String url) {
        environment.put("ALL_PROXY", url);
        assertThat(proxy("https", "ghcr.io")).isNull();
        assertThatExceptionOfType(BindException.class).isThrownBy(() -> proxy("https", "ghcr.io", "proxy", url))
            .withRootCauseInstanceOf(InvalidConfigurationPropertyValueException.class);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            example.com          , example.com           , true
            example.com          , a.b.example.com       , true
            example.com          , badexample.com        , false
            EXAMPLE.com          , Example.COM.          , true
            .example.com         , a.example.com         , true
            .example.com         , example.com           , false
            *.example.com        , a.example.com         , true
            *.example.com        , example.com           , false
            example.com:5000     , example.com:5000      , true
            example.com:5000     , example.com           , false
            example.com:443      , example.com           , true
            10.1.2.3             , 10.1.2.3              , true
            10.1.2.3             , 10.1.2.30             , false
            10.1.2.3:5000        , 10.1.2.3:5000         , true
            10.1.0.0/16          , 10.1.255.255          , true
            10.1.0.0/16          , 10.2.0.0              , false
            10.1.2.3/32          , 10.1.2.3              , true
            172.16.0.0/12        , 172.31.0.1            , true
            172.16.0.0/12        , 172.32.0.1            , false
            10.0.0.0/8           , 10.example.com        , false
            fd00::/8             , [fd12::1]             , true
            fd00::/8             , [fe80::1]             , false
            fd00::1              , [fd00::1]             , true
            [fd00::1]:5000       , [fd00::1]:5000        , true
            [fd00::1]:5000       , [fd00::1]             , false
            ::1/128              , 10.0.0.1              , false
            *                    , anything.example.com  , true
            """)
    void exceptionIsAHostADomainAnAddressOrANetwork(String exception, String host, boolean isDirect) {
        assertThat(proxy("https", host, "proxy", SETTING, "no-proxy", exception) == null).isEqualTo(isDirect);
    }

    @ParameterizedTest
    @ValueSource(strings = { "10.0.0.0/33", "10.0.0.0/x", "example.com/8" })
    void networkThatIsNoneIsASetting(String exception) {
        assertThatExceptionOfType(BindException.class)
            .isThrownBy(() -> proxy("https", "ghcr.io", "no-proxy", exception));
    }

    private @Nullable String proxy(String scheme, String host, String... settings) {
        try {
            return proxyOf(scheme, URIAuthority.create(host), settings);
        }
        catch (URISyntaxException ex) {
            throw new IllegalArgumentException(ex);
        }
    }

    private @Nullable String proxyOf(String scheme, URIAuthority host, String... settings) {
        ProxyRoutes routes = new ProxyRoutes(RegistrySettings.of(List.of("ghcr.io"), settings), environment, java);
        Proxy proxy = routes.proxyOf(new HttpHost(scheme, host));
        return (proxy != null) ? proxy.toString() : null;
    }

}
