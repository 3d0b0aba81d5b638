"""The keys that this machine makes: Flyte makes them here, and is stopped before it does the work."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dejavu_flyte import support
from dejavu_flyte.fingerprint import Listing
from dejavu_flyte.keys import BundleKey, ImageKey, Key

DEFAULT_PLATFORMS = ("linux/amd64", "linux/arm64")


@dataclass(frozen=True)
class Bundle:
    """The key of a code bundle and the files in it.

    `ruff`: whether Flyte lists the files with it; None: never. `others` makes the keys of the same files in other ways.
    """

    key: BundleKey
    files: tuple[Path, ...]
    root: Path
    copy_style: str
    ruff: bool | None = None
    python: str = field(default_factory=platform.python_version)
    others: Callable[[], dict[str, BundleKey]] = dict

    def fingerprint(self) -> str | None:
        """Return that of the archive which Flyte would make now."""
        files = tuple(str(file) for file in self.files)
        return Listing(self.key.files_digest, str(self.root), files, dereference=True).fingerprint()


@dataclass(frozen=True)
class Named:
    """What the arguments of a command name: `others` are images that Flyte never looks up."""

    images: list[ImageKey] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    bundle: Bundle | None = None

    @property
    def keys(self) -> list[Key]:
        """All keys."""
        return [*self.images, *([self.bundle.key] if self.bundle else [])]


class _Listed(Exception):
    pass


def named(what: str, platforms: tuple[str, ...], root: Path, copy_style: str | None) -> Named:
    """Return what an argument names: an image, a script or a folder.

    Raises:
        ValueError: nothing
    """
    path = Path(what)
    if path.is_dir():
        found = Named(bundle=folder(path.resolve(), copy_style or "all"))
    elif path.suffix == ".py" and path.is_file():
        found = script(path.resolve(), root, copy_style or "loaded_modules")
    elif path.exists():
        raise ValueError(f"{what} is neither a script (.py) nor a folder")
    else:
        return Named([image(what, platforms)])
    if found.bundle and not found.bundle.files:
        raise ValueError(f"There are no files to bundle in {what}")
    return found


def image(uri: str, platforms: tuple[str, ...]) -> ImageKey:
    """Return the key of `repository:tag`.

    Raises:
        ValueError: the URI has no tag
    """
    repository, _, tag = uri.rpartition(":")
    if not repository or not tag or "/" in tag or "@" in uri:
        raise ValueError(f"no such file: {uri}; if you mean an image, it has no tag, as in registry/name:tag")
    if not all("/" in platform for platform in platforms):
        raise ValueError("a platform must be an OS and an architecture, as in linux/amd64")
    return ImageKey(support.scope(), repository, tag, platforms or DEFAULT_PLATFORMS)


def folder(path: Path, copy_style: str) -> Bundle:
    """Return the bundle that Flyte would make of a folder."""
    return asyncio.run(_bundle(path, copy_style, ()))


def script(path: Path, root: Path, copy_style: str) -> Named:
    """Load a script as `flyte deploy` does, and return the keys that its environments need."""
    environments = importlib.import_module("flyte._environment").list_loaded_environments()
    collect = importlib.import_module("flyte._code_bundle._includes").collect_env_include_files
    _unload(environments, root)
    sys.path.insert(0, str(root))
    importlib.import_module("flyte._utils.module_loader").load_python_modules(path, root)
    included = collect(environments)

    def others() -> dict[str, BundleKey]:
        return asyncio.run(_made_otherwise(path, root, copy_style, included))

    async def all_keys() -> Named:
        keys, never = await _images(environments, copy_style)
        bundle = await _bundle(root, copy_style, included)
        return Named(keys, never, replace(bundle, others=others))

    return asyncio.run(all_keys())


def _unload(environments: list[Any], root: Path) -> None:
    """Forget what an earlier script loaded: it would be a part of the next one's bundle."""
    environments.clear()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and root in Path(file).parents and not {"site-packages", "dist-packages"} & set(Path(file).parts):
            del sys.modules[name]


async def _made_otherwise(path: Path, root: Path, copy_style: str, included: tuple[str, ...]) -> dict[str, BundleKey]:
    made: dict[str, BundleKey] = {}
    utils = importlib.import_module("flyte._code_bundle._utils")
    style = "all" if copy_style == "loaded_modules" else "loaded_modules"
    with contextlib.suppress(Exception):  # it may be impossible, as with files outside of another root
        made[f"with copy style {style}"] = (await _bundle(root, style, included)).key
    if _has_ruff() and copy_style == "loaded_modules":
        with contextlib.suppress(Exception), _replaced(utils, "_ruff_is_available", lambda: False):
            made["as Flyte lists them without ruff"] = (await _bundle(root, copy_style, included)).key
    for other in {path.parent, *path.parent.parents[:2]} - {root}:
        with contextlib.suppress(Exception):
            made[f"with --root-dir {other}"] = (await _bundle(other, copy_style, included)).key
    return made


def _has_ruff() -> bool | None:
    """Whether Flyte lists files with ruff here; None: this version never does."""
    available = getattr(importlib.import_module("flyte._code_bundle._utils"), "_ruff_is_available", None)
    return bool(available()) if available else None


async def _images(environments: list[Any], copy_style: str) -> tuple[list[ImageKey], list[str]]:
    engine = importlib.import_module(ImageKey.flyte.module).ImageBuildEngine
    keys: dict[ImageKey, None] = {}
    others: dict[str, None] = {}

    async def image_exists(image: Any) -> str:
        if image._is_cloned and image.name:
            repository = f"{image.registry}/{image.name}" if image.registry else image.name
            keys[ImageKey(support.scope(), repository, image._final_tag, image.platform)] = None
        else:
            others[image.uri] = None
        return str(image.uri)  # the image "exists", so Flyte builds nothing

    # Flyte would report a check that it does not make here.
    with _replaced(engine, "image_exists", staticmethod(image_exists)), contextlib.redirect_stderr(io.StringIO()):
        for environment in environments:
            if isinstance(environment.image, str):
                others[environment.image] = None
            await importlib.import_module("flyte").build_images.aio(environment, copy_style=copy_style)
    return list(keys), list(others)


async def _bundle(root: Path, copy_style: str, additional: tuple[str, ...]) -> Bundle:
    bundles = importlib.import_module(BundleKey.flyte.module)
    list_files = bundles.list_files_to_bundle
    listed: list[tuple[list[str], str]] = []

    def list_and_stop(*args: Any, **kwargs: Any) -> None:
        listed.append(list_files(*args, **kwargs))
        raise _Listed

    with _replaced(bundles, "list_files_to_bundle", list_and_stop), contextlib.suppress(_Listed):
        await bundles.build_code_bundle(from_dir=root, copy_style=copy_style, additional_files=additional)
    (files, digest) = listed[0]
    return Bundle(
        BundleKey(support.scope(), digest),
        tuple(Path(f) for f in files),
        root,
        copy_style,
        ruff=_has_ruff() if copy_style == "loaded_modules" else None,
    )


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    before = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
