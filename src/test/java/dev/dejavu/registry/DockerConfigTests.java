package dev.dejavu.registry;

import java.io.IOException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What tools and people write into a config.json, and the login that is right.
 */
class DockerConfigTests extends DockerConfigFixture {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`',
            textBlock = """
                    # how a registry is written
                    'ghcr.io':{'auth':'~ada:secret~'}                       | ghcr.io/team/app:v1        | ada:secret
                    'https://ghcr.io':{'auth':'~ada:secret~'}               | ghcr.io/team/app:v1        | ada:secret
                    'http://GHCR.io/':{'auth':'~ada:secret~'}               | ghcr.io/team/app:v1        | ada:secret
                    'HTTPS://ghcr.io/v2/':{'auth':'~ada:secret~'}           | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io/v1':{'auth':'~ada:secret~'}                    | ghcr.io/team/app:v1        | ada:secret
                    'https://ghcr.io:443/v2/':{'auth':'~ada:secret~'}       | ghcr.io/team/app:v1        | ada:secret
                    'r.example.com:5000':{'auth':'~ada:secret~'}            | r.example.com:5000/app:v1  | ada:secret
                    'r.example.com:5000':{'auth':'~ada:secret~'}            | r.example.com/app:v1       | none
                    'r.example.com':{'auth':'~ada:secret~'}                 | r.example.com:5000/app:v1  | none
                    '[::1]:5000':{'auth':'~ada:secret~'}                    | [::1]:5000/app:v1          | ada:secret
                    'ghcr.io.example.com':{'auth':'~ada:secret~'}           | ghcr.io/team/app:v1        | none
                    'me:pw@ghcr.io':{'auth':'~ada:secret~'}                 | ghcr.io/team/app:v1        | ada:secret
                    # of two keys the one as Docker writes it
                    'https://ghcr.io/v2/':{'auth':'~old:old~'},'ghcr.io':{'auth':'~ada:secret~'} | ghcr.io/team/app:v1 | ada:secret
                    'ghcr.io':{'auth':'~ada:secret~'},'https://ghcr.io/v2/':{'auth':'~old:old~'} | ghcr.io/team/app:v1 | ada:secret
                    'ghcr.io':{},'https://ghcr.io':{'auth':'~ada:secret~'}  | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'?'},'https://ghcr.io':{'auth':'~ada:secret~'} | ghcr.io/team/app:v1 | ada:secret
                    # Docker Hub
                    'https://index.docker.io/v1/':{'auth':'~ada:secret~'}   | docker.io/team/app:v1      | ada:secret
                    'index.docker.io':{'auth':'~ada:secret~'}               | docker.io/library/app:v1   | ada:secret
                    'docker.io':{'auth':'~ada:secret~'}                     | docker.io/app:v1           | ada:secret
                    'registry-1.docker.io':{'auth':'~ada:secret~'}          | docker.io/team/app:v1      | ada:secret
                    'docker.io/team':{'auth':'~ada:secret~'}                | docker.io/team/app:v1      | ada:secret
                    'docker.io/library':{'auth':'~ada:secret~'}             | docker.io/app:v1           | ada:secret
                    'docker.io':{'auth':'~old:old~'},'https://index.docker.io/v1/':{'auth':'~ada:secret~'} | docker.io/team/app:v1 | ada:secret
                    # a login in the browser, whose tokens are no passwords
                    'https://index.docker.io/v1/':{'auth':'~ada:secret~'},'https://index.docker.io/v1/access-token':{'auth':'~ada:jwt~'},'https://index.docker.io/v1/refresh-token':{'auth':'~ada:refresh~'} | docker.io/team/app:v1 | ada:secret
                    'https://index.docker.io/v1/refresh-token':{'auth':'~ada:refresh~'} | docker.io/team/app:v1 | none
                    'https://index.docker.io/v1/access-token':{'auth':'~ada:jwt~'} | docker.io/v1/access-token:v1 | none
                    # podman's keys with a path: the longest one
                    'q.io':{'auth':'~a:host~'},'q.io/team':{'auth':'~a:team~'},'q.io/team/app':{'auth':'~a:app~'} | q.io/team/app:v1 | a:app
                    'q.io':{'auth':'~a:host~'},'q.io/team':{'auth':'~a:team~'},'q.io/team/app':{'auth':'~a:app~'} | q.io/team/ap:v1  | a:team
                    'q.io':{'auth':'~a:host~'},'q.io/team':{'auth':'~a:team~'} | q.io/teams/app:v1        | a:host
                    'q.io/team/':{'auth':'~a:team~'}                        | q.io/team/app/sub:v1       | a:team
                    'q.io/team':{'auth':'~a:team~'}                         | q.io/other/app:v1          | none
                    'https://q.io/v2/team':{'auth':'~a:team~'}              | q.io/team/app:v1           | a:team
                    # identity tokens
                    'x.azurecr.io':{'auth':'~00000000-0000-0000-0000-000000000000:~','identitytoken':'t'} | x.azurecr.io/app:v1 | 00000000-0000-0000-0000-000000000000:t!
                    'x.azurecr.io':{'identitytoken':'t'}                    | x.azurecr.io/app:v1        | :t!
                    'x.azurecr.io':{'auth':'~ada:secret~','identitytoken':''} | x.azurecr.io/app:v1      | ada:secret
                    # what passwords have in them
                    'ghcr.io':{'auth':'~ada:se:cr:et~'}                     | ghcr.io/team/app:v1        | ada:se:cr:et
                    'ghcr.io':{'auth':'~ada:pässwörd→~'}                    | ghcr.io/team/app:v1        | ada:pässwörd→
                    'ghcr.io':{'auth':'~ada: x ~'}                          | ghcr.io/team/app:v1        | `ada: x `
                    'ghcr.io':{'auth':'YWRhOnNlY3JldA=='}                   | ghcr.io/team/app:v1        | ada:secret
                    # auth wrapped, with zero bytes or a line end, without padding, with too much, for URLs
                    'ghcr.io':{'auth':'YWRhOnNl\\nY3JldA==\\n'}             | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'YWRhOnNl¶Y3JldA==¶'}                 | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'YWRhOnNlY3JldAAA'}                   | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'YWRhOnNlY3JldAo='}                   | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'YWRhOnNlY3JldA'}                     | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'YWRhOnNlY3JldA==='}                  | ghcr.io/team/app:v1        | ada:secret
                    'ghcr.io':{'auth':'YWRhOj8_Pj4-'}                       | ghcr.io/team/app:v1        | ada:??>>>
                    # user and password in plain text
                    'ghcr.io':{'username':'ada','password':'secret','email':'a@b'} | ghcr.io/team/app:v1 | ada:secret
                    'ghcr.io':{'username':'x','password':'x','auth':'~ada:secret~'} | ghcr.io/team/app:v1 | ada:secret
                    'ghcr.io':{'username':'ada','password':'secret','auth':''} | ghcr.io/team/app:v1     | ada:secret
                    # nothing in it
                    'ghcr.io':{}                                            | ghcr.io/team/app:v1        | none
                    'ghcr.io':null                                          | ghcr.io/team/app:v1        | none
                    'ghcr.io':{'auth':''}                                   | ghcr.io/team/app:v1        | none
                    # odd entries, which lose no others
                    'ghcr.io':{'auth':'~ada~'}                              | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io':{'auth':'~:secret~'}                          | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io':{'auth':'*****'}                              | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io':{'auth':'YWRhOv8='}                           | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io':{'auth':{'a':1}}                              | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io':'ada'                                         | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io':{'registrytoken':'t'}                         | ghcr.io/team/app:v1        | unavailable
                    'ghcr.io/team':{'auth':'?'},'ghcr.io':{'auth':'~ada:secret~'} | ghcr.io/team/app:v1  | unavailable
                    'ghcr.io/team':{'auth':'?'},'ghcr.io':{'auth':'~ada:secret~'} | ghcr.io/other/app:v1 | ada:secret
                    'a.io':7,'':{'auth':'~x:x~'},'/':{},'b.io':[],'ghcr.io':{'auth':'~ada:secret~'} | ghcr.io/team/app:v1 | ada:secret
                    """)
    void loginIsTheOneThatToolsMean(String auths, String image, String login) throws IOException {
        assertThat(find("{'auths':{" + auths + "}}", image)).isEqualTo(login);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            # helpers that may not be run: what is in the file counts, and a login that is with one is missing
            {'credsStore':'desktop'}                                       | ghcr.io/team/app:v1 | none
            {'credsStore':'ecr-login'}                                     | ghcr.io/team/app:v1 | unavailable
            {'credsStore':'ecr-login','credHelpers':{'ghcr.io':''}}        | ghcr.io/team/app:v1 | none
            {'credsStore':'desktop','auths':{'ghcr.io':{}}}                | ghcr.io/team/app:v1 | unavailable
            {'credsStore':'desktop','auths':{'https://index.docker.io/v1/':{}}} | docker.io/app:v1 | unavailable
            {'credsStore':'desktop','auths':{'quay.io':{}}}                | ghcr.io/team/app:v1 | none
            {'credsStore':'desktop','auths':{'ghcr.io':{'auth':'~a:b~'}}}  | ghcr.io/team/app:v1 | a:b
            {'credHelpers':{'ghcr.io':'gh'}}                               | ghcr.io/team/app:v1 | unavailable
            {'credHelpers':{'https://ghcr.io':'gh'}}                       | ghcr.io/team/app:v1 | unavailable
            {'credHelpers':{'ghcr.io':'gh'},'auths':{'ghcr.io':{'auth':'~a:b~'}}} | ghcr.io/team/app:v1 | a:b
            {'credHelpers':{'ghcr.io':''},'credsStore':'desktop'}          | ghcr.io/team/app:v1 | none
            {'credHelpers':{'*.io':'gh'}}                                  | ghcr.io/team/app:v1 | none
            # no logins at all
            {}                                                             | ghcr.io/team/app:v1 | none
            {'auths':[]}                                                   | ghcr.io/team/app:v1 | none
            {'auths':null,'credHelpers':7,'credsStore':null}               | ghcr.io/team/app:v1 | none
            # no config.json
            ``                                                             | ghcr.io/team/app:v1 | unavailable
            []                                                             | ghcr.io/team/app:v1 | unavailable
            {'auths':{                                                     | ghcr.io/team/app:v1 | unavailable
            """)
    void helperThatMayNotRunIsMissingWhereALoginIsWithIt(String config, String image, String login) throws IOException {
        assertThat(find(config, image)).isEqualTo(login);
    }

    private String find(String text, String image) throws IOException {
        try (DockerCredentials credentials = credentials(write(text))) {
            return login(credentials, image);
        }
    }

}
