"""What the first machine of a team and the others wait for, near the service and far from it.

Not part of the tests: `FLYTE=2.12.1 ./test tests/test_bench.py -m bench -n 0 -s` prints it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest
from conftest import Machine, Service, exists
from servers import Far

ROUNDS = 5
DOCKER_SECONDS = "4"
"""What Flyte itself says that a check of an image takes; its upload takes no time here."""

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("round_trip", [0.0, 0.23])
def test_first_machine_and_the_others(
    machines: Callable[..., Machine], unique: str, service: Service, round_trip: float
) -> None:
    far = Far(service.url, round_trip / 2)
    seconds: dict[str, list[tuple[float, float]]] = {"without the package": [], "first machine": [], "others": []}

    for n in range(ROUNDS):
        (machines().root / "main.py").write_text(f"print({unique!r}, {n})\n")
        for who, url in [("without the package", None), ("first machine", far.url), ("others", far.url)]:
            run = machines(url=url).run(exists(f"{unique}-{n}"), {"do": "bundle"}, DOCKER_SECONDS=DOCKER_SECONDS)
            assert (run.checks, run.uploads) == ((0, 0) if who == "others" else (1, 1))
            seconds[who].append((run.seconds[0], run.seconds[1]))

    print(f"\nround trip {round_trip * 1000:.0f} ms, medians of {ROUNDS} rounds: image, bundle")
    for who, both in seconds.items():
        image, bundle = (statistics.median(one) for one in zip(*both, strict=True))
        print(f"  {who:<20} {image:.3f} s, {bundle:.3f} s")
