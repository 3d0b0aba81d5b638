"""What was measured, for the terminal and as a page."""

from __future__ import annotations

import html
from dataclasses import asdict, dataclass
from typing import Any

from peers import Result

LIMIT = "nginx"


@dataclass
class Measured:
    machine: str
    rounds: int
    seconds: int
    # titles by name
    loads: dict[str, str]
    # by load, then by peer
    results: dict[str, dict[str, Result]]
    # p99 in milliseconds, by the share of the highest rate, then by peer
    paced: dict[str, dict[str, float]]
    # megabytes, by what was done before, then by peer
    resident: dict[str, dict[str, float]]
    # seconds to the first answer
    starts: dict[str, float]
    missing: list[str]

    def limit(self, load: str) -> float | None:
        """Requests per second of a static file; where there is none, of one hot file."""
        own = next((result for name, result in self.results[load].items() if name.startswith(LIMIT)),
                   self.results.get("hot", {}).get(LIMIT))
        return own.rate if own else None

    def ratio(self, load: str, peer: str) -> str:
        limit = self.limit(load)
        return f"{self.results[load][peer].rate / limit:.2f}" if limit else "-"

    def facts(self) -> list[str]:
        lines = [f"p99 of one hot key at {share} of the highest rate: {name} {value:.2f} ms" +
                 (f" ({value / values[LIMIT]:.1f} of {LIMIT})" if name != LIMIT and LIMIT in values else "")
                 for share, values in self.paced.items() for name, value in values.items()]
        lines += [f"resident after {moment}: {name} {value:.0f} MB" for moment, values in self.resident.items()
                  for name, value in values.items()]
        lines += [f"first answer after the start: {name} {value:.2f} s ({value / self.starts['plain jar']:.2f})"
                  for name, value in self.starts.items()]
        return lines + [f"NOT MEASURED: {line}" for line in self.missing]


def plain(measured: Measured) -> dict[str, Any]:
    return asdict(measured)


def text(measured: Measured) -> str:
    lines = [f"\nmedians of {measured.rounds} rounds of {measured.seconds} s, 32 connections; {measured.machine}"]
    for load, title in measured.loads.items():
        lines.append(f"\n{title}")
        for peer, result in measured.results[load].items():
            lines.append(f"  {peer:22} {result.rate:>9,.0f}/s   {measured.ratio(load, peer):>5} of {LIMIT}"
                         f"   p50 {result.p50:8.2f} ms   p99 {result.p99:8.2f} ms{cpu(result)}")
    return "\n".join([*lines, "", *measured.facts()])


def cpu(result: Result) -> str:
    """Microseconds of CPU for an answer, or seconds for a million, of the server and its database."""
    return f" · CPU {result.cpu:.0f} µs" if result.cpu else ""


def page(measured: Measured) -> str:
    charts = "".join(chart(measured, load) for load in measured.loads)
    facts = "".join(f"<li>{html.escape(line)}</li>" for line in measured.facts())
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Dejavu beside its peers</title>
<style>
:root {{ color-scheme: light dark; --ink: #1f2430; --paper: #fff; --soft: #6b7280; --ours: #3b6fd4; --limit: #9aa3b2; --other: #d9913b; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #e6e8ee; --paper: #171a21; --soft: #9aa3b2; --limit: #6b7280; }} }}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .3rem; }}
p, li {{ color: var(--soft); }}
svg {{ width: 100%; height: auto; display: block; }}
text {{ font: 13px system-ui, sans-serif; fill: var(--ink); }}
.soft {{ fill: var(--soft); }}
</style>
<h1>Dejavu beside its peers</h1>
<p>Requests per second, the median of {measured.rounds} rounds of {measured.seconds} s each, 32 connections, one server at a
time on {html.escape(measured.machine)}, which the load generator shares. The ratio is to nginx with a static file (where it has no
such load, to its one hot file). CPU is what the server and its database spent on an answer. Repeat it with <code>bench/run</code>.</p>
{charts}
<h2>Besides</h2>
<ul>{facts}</ul>
</html>
"""


def chart(measured: Measured, load: str) -> str:
    results = measured.results[load]
    longest = max(result.rate for result in results.values())
    rows = []
    for number, (peer, result) in enumerate(results.items()):
        y = number * 30
        width = 330 * result.rate / longest
        color = "ours" if peer.startswith("Dejavu") else "limit" if peer.startswith(LIMIT) else "other"
        rows.append(
            f'<text x="0" y="{y + 17}">{html.escape(peer)}</text>'
            f'<rect x="165" y="{y + 3}" width="{width:.0f}" height="19" rx="2" fill="var(--{color})"/>'
            f'<text x="{172 + width:.0f}" y="{y + 17}">{result.rate:,.0f}/s · {measured.ratio(load, peer)}</text>'
            f'<text class="soft" x="900" y="{y + 17}" text-anchor="end">p50 {result.p50:.2f} ms · p99 {result.p99:.2f} ms{cpu(result)}</text>')
    return (f'<h2>{html.escape(measured.loads[load])}</h2><svg viewBox="0 0 900 {30 * len(results)}" role="img"'
            f' aria-label="{html.escape(measured.loads[load])}">{"".join(rows)}</svg>\n')
