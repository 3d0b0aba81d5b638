"""Wraps Flyte's modules when they are imported: a command that needs none of them pays nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from dejavu_flyte import caches, checkers, interrupts, run, summary, support
from dejavu_flyte.keys import BundleKey, ImageKey

_WRAP: dict[str, Callable[[ModuleType], None]] = {
    ImageKey.flyte.module: caches.wrap_images,
    BundleKey.flyte.module: caches.wrap_bundles,
    support.DOCKER_BUILDER: checkers.wrap_docker,
    support.REMOTE_BUILDER: checkers.wrap_remote,
    support.SCOPE: lambda _: None,
}


def install() -> None:
    """Wrap Flyte's functions once; if that is impossible, log one warning and wrap nothing more."""
    if any(isinstance(finder, _AfterImport) for finder in sys.meta_path):
        return
    summary.write_at_exit()
    sys.meta_path.insert(0, _AfterImport())
    if interrupts.are_meant_for_waits() and (bridge := sys.modules.get(support.SYNC)):
        run.unless_it_fails(lambda: interrupts.wrap(bridge), None)
    loaded = [sys.modules[name] for name in _WRAP if name in sys.modules]
    if all(map(_is_supported, loaded)):
        for module in loaded:
            _WRAP[module.__name__](module)


class _AfterImport:
    """Finds the modules to wrap as Python does, and wraps each as soon as it has been run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _WRAP else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_wrap(module: ModuleType) -> None:
            load(module)
            run.unless_it_fails(lambda: _is_supported(module) and _WRAP[name](module), None)
            if name == ImageKey.flyte.module:
                run.unless_it_fails(run.warm_up, None)

        spec.loader.exec_module = load_and_wrap  # type: ignore[method-assign]
        return spec


def _is_supported(module: ModuleType) -> bool:
    try:
        support.check_module(module.__name__)
    except support.UnsupportedFlyteError as e:
        run.give_up(
            "The team cache is not used: dejavu-flyte supports Flyte %s to %s, and in Flyte %s %s.",
            support.OLDEST,
            support.NEWEST,
            support.flyte_version(),
            e,
        )
    return not run.has_given_up()
