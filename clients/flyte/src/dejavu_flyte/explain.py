"""The keys that this machine makes: Flyte makes them here, and is stopped before it does the work."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dejavu_flyte import support
from dejavu_flyte.keys import BundleKey, ImageKey

DEFAULT_PLATFORMS = ("linux/amd64", "linux/arm64")


@dataclass(frozen=True)
class Bundle:
    """The key of a code bundle and the files in it."""

    key: BundleKey
    files: tuple[Path, ...]
    copy_style: str


class _Listed(Exception):
    pass


def image(uri: str, platforms: tuple[str, ...]) -> ImageKey:
    """Return the key of `repository:tag`.

    Raises:
        ValueError: the URI has no tag
    """
    repository, _, tag = uri.rpartition(":")
    if not repository or not tag or "/" in tag or "@" in uri:
        raise ValueError(f"{uri} has no tag: WHAT must be registry/name:tag, or an existing script or folder")
    if not all("/" in platform for platform in platforms):
        raise ValueError("a platform must be an OS and an architecture, as in linux/amd64")
    return ImageKey(support.scope(), repository, tag, platforms or DEFAULT_PLATFORMS)


def folder(path: Path, copy_style: str) -> Bundle:
    """Return the bundle that Flyte would make of a folder."""
    return asyncio.run(_bundle(path, copy_style, ()))


def script(path: Path, root: Path, copy_style: str) -> tuple[list[ImageKey], list[str], Bundle]:
    """Load a script as `flyte deploy` does, and return the keys that its environments need.

    Returns:
        the keys of their images, the images that Flyte never looks up, and their bundle
    """
    environments = importlib.import_module("flyte._environment").list_loaded_environments()
    sys.path.insert(0, str(root))
    importlib.import_module("flyte._utils.module_loader").load_python_modules(path, root)
    collect = importlib.import_module("flyte._code_bundle._includes").collect_env_include_files

    async def both() -> tuple[list[ImageKey], list[str], Bundle]:
        keys, others = await _images(environments, copy_style)
        return keys, others, await _bundle(root, copy_style, collect(environments))

    return asyncio.run(both())


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
    return Bundle(BundleKey(support.scope(), digest), tuple(Path(f) for f in files), copy_style)


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    before = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
