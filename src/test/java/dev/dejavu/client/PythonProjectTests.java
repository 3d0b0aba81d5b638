package dev.dejavu.client;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class PythonProjectTests {

    private static final String PROJECT = """
            [project]
            name = "some-name.of_it"
            version = "1.2"
            description = "What it is"
            readme = "README.md"
            requires-python = ">=3.10"
            dependencies = ["a>=1", 'b; python_version < "3.11"']
            """;

    @Test
    void metadataHasTheMembers() {
        PythonProject project = PythonProject.of(PROJECT);
        assertThat(project.metadata()).isEqualTo("""
                Metadata-Version: 2.4
                Name: some-name.of_it
                Version: 1.2
                Summary: What it is
                Requires-Python: >=3.10
                Requires-Dist: a>=1
                Requires-Dist: b; python_version < "3.11"
                """);
        assertThat(project.fileName()).isEqualTo("some_name_of_it-1.2");
        assertThat(project.entryPoints()).isEmpty();
    }

    @Test
    void entryPointsAreSortedGroups() {
        assertThat(PythonProject.of(PROJECT + """
                [project.entry-points."z.y"]
                a-b = "c.d:e"
                [project.entry-points.x]
                f = "g"
                """).entryPoints()).isEqualTo("""
                [x]
                f = g

                [z.y]
                a-b = c.d:e
                """);
    }

    @Test
    void unknownMemberIsRefused() {
        assertThatThrownBy(() -> PythonProject.of(PROJECT + "scripts = {a = \"b:c\"}"))
            .hasMessageContaining("project.scripts");
    }

}
