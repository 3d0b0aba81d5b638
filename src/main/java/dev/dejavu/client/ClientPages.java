package dev.dejavu.client;

import org.springframework.web.util.HtmlUtils;

/**
 * The pages that pip, uv and people read. Their links are relative: a proxy may have the
 * service under another path.
 */
final class ClientPages {

    private static final String INDEX = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="pypi:repository-version" content="1.0">
              <title>{name}</title>
              <link rel="icon" href="data:,">
              <style>
                body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
                pre { background: #f4f4f4; color: #111; padding: 1rem; overflow-x: auto }
              </style>
            </head>
            <body>
            <h1>{name} {version}</h1>
            <p>Puts Flyte on the cache of this team. For Python {python}, into the environment that has
            <code>flyte</code>:</p>
            <pre>export DEJAVU_URL=&hellip;    # the address of this page, without /client/
            pip install "$DEJAVU_URL/client/{file}"
            flyte team-cache status</pre>
            <p>With uv, as <code>uv pip install</code>, in a project or in a script:</p>
            <pre>uv add {name} --index "dejavu=$DEJAVU_URL/client/"
            uv add {name} --index "dejavu=$DEJAVU_URL/client/" --script main.py</pre>
            <ul>
              <li>The file: {link}</li>
              <li>The index has one package: <a href="{name}/">{name}</a></li>
            </ul>
            <p>By <code>--extra-index-url</code> and <code>--find-links</code> pip takes the highest version that any of its
            indexes has.</p>
            </body>
            </html>
            """;

    private static final String PROJECT = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="pypi:repository-version" content="1.0">
              <title>{name}</title>
              <link rel="icon" href="data:,">
            </head>
            <body>
            {link}
            </body>
            </html>
            """;

    private static final String DESCRIPTION = """
            {"meta":{"api-version":"1.0"},"name":"{name}","files":[{"filename":"{file}","url":"../{file}",\
            "hashes":{"sha256":"{sha256}"},"requires-python":"{python}"}]}""";

    private ClientPages() {
    }

    /** The root of an index (PEP 503), and a page for {@code --find-links}. */
    static String index(Wheel wheel) {
        return html(INDEX, "", wheel);
    }

    /** The page of the project in the index (PEP 503). */
    static String project(Wheel wheel) {
        return html(PROJECT, "../", wheel);
    }

    /** The same in JSON (PEP 691). */
    static String description(Wheel wheel) {
        return filled(DESCRIPTION, wheel.project().requiresPython(), wheel);
    }

    private static String html(String page, String folder, Wheel wheel) {
        String link = "<a href=\"" + folder + "{file}#sha256={sha256}\" data-requires-python=\"{python}\">{file}</a>";
        return filled(page.replace("{link}", link), HtmlUtils.htmlEscape(wheel.project().requiresPython()), wheel);
    }

    private static String filled(String page, String python, Wheel wheel) {
        return page.replace("{file}", wheel.fileName())
            .replace("{name}", wheel.project().name())
            .replace("{version}", wheel.project().version())
            .replace("{sha256}", wheel.sha256())
            .replace("{python}", python);
    }

}
