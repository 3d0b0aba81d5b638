"""Wraps the functions through which Flyte reads and writes its caches, and lists and archives the files of a bundle."""

from __future__ import annotations

import functools
import inspect
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from dejavu_flyte import run, support
from dejavu_flyte.keys import BundleKey, ImageKey, Key, Members, Value


def wrap_images(module: ModuleType) -> None:
    """Wrap the image cache."""
    _wrap_cache(module, ImageKey, lambda _: None, _link)


def wrap_bundles(module: ModuleType) -> None:
    """Wrap the bundle cache, and watch which files it is asked about and what is archived of them."""
    _wrap_cache(module, BundleKey, _fingerprint_of_files, _of_archive)
    for name in ("list_files_to_bundle", "list_relative_files_to_bundle"):
        setattr(module, name, _noting_files(getattr(module, name)))
    module.create_bundle = _noting_the_archive(module.create_bundle)  # type: ignore[attr-defined]


def _wrap_cache(
    module: ModuleType,
    kind: type[Key],
    fingerprint_of: Callable[[Any], Callable[[], str | None] | None],
    members_of: Callable[[Any, Value], Members | None],
) -> None:
    read, write = getattr(module, kind.flyte.read), getattr(module, kind.flyte.write)

    @functools.wraps(read)
    def read_cache(*args: Any, **kwargs: Any) -> Any:
        result = read(*args, **kwargs)
        if (sharing := run.sharing()) is None:
            return result

        def shared() -> Any:
            key: Any = kind(support.scope(), *inspect.signature(read).bind(*args, **kwargs).args)
            return _result(kind, sharing.read(key, _value(kind, result), fingerprint_of(key)))

        return run.unless_it_fails(shared, result)

    @functools.wraps(write)
    def write_cache(*args: Any, **kwargs: Any) -> None:
        if (sharing := run.sharing()) is None:
            write(*args, **kwargs)
            return
        built = kind.flyte.check not in (None, sys._getframe(1).f_code.co_name)

        def bound() -> tuple[Any, Value]:
            arguments = inspect.signature(write).bind(*args, **kwargs).arguments
            key = kind(support.scope(), *(arguments[name] for name in kind.flyte.arguments))
            return key, {member: arguments[member] for member in kind.members}

        if run.unless_it_fails(lambda: sharing.writes_itself(*bound()), otherwise=False):
            return
        write(*args, **kwargs)

        def share() -> None:
            key, value = bound()
            sharing.on_local_write(key, value, lambda: members_of(key, value), built=built)

        run.unless_it_fails(share, None)

    setattr(module, kind.flyte.read, read_cache)
    setattr(module, kind.flyte.write, write_cache)


def _value(kind: type[Key], result: str | tuple[str, ...] | None) -> Value | None:
    """Name what Flyte's read function returns: one member as it is, several as a tuple."""
    if not result:
        return None
    return dict(zip(kind.members, (result,) if isinstance(result, str) else result, strict=True))


def _result(kind: type[Key], value: Value | None) -> str | tuple[str, ...] | None:
    """Return a value as Flyte's read function does."""
    if value is None:
        return None
    members = tuple(value[member] for member in kind.members)
    return members if len(members) > 1 else members[0]


def _link(_: ImageKey, value: Value) -> Members:
    from dejavu_flyte import links  # noqa: PLC0415

    link = links.of(value["image_uri"])
    return {"build_run": link} if link else {}


def _fingerprint_of_files(key: BundleKey) -> Callable[[], str | None] | None:
    """Return what makes the fingerprint of the files that Flyte listed last; None: they are not those of the key."""
    from dejavu_flyte import fingerprint  # noqa: PLC0415

    listing = fingerprint.listing.get()
    return functools.cache(listing.fingerprint) if listing and listing.digest == key.files_digest else None


def _of_archive(key: BundleKey, _: Value) -> Members | None:
    from dejavu_flyte import fingerprint  # noqa: PLC0415

    archive = fingerprint.archive.get()
    if archive is None or archive.digest != key.files_digest:
        return None
    seconds = time.monotonic() - archive.begin
    made = fingerprint.of_archive(archive.path)
    cost = {"seconds": round(seconds, 3), "bytes": archive.path.stat().st_size}
    return {"fingerprint": made, "cost": cost} if made else None


def _noting_files(list_files: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(list_files)
    def listed(*args: Any, **kwargs: Any) -> Any:
        files, digest = list_files(*args, **kwargs)

        def note() -> None:
            from dejavu_flyte.fingerprint import Listing, listing  # noqa: PLC0415

            arguments = inspect.signature(list_files).bind(*args, **kwargs).arguments
            # Flyte archives what is linked to where it also lists that, and links where it does not.
            follows = bool(arguments.get("deref_symlinks"))
            listing.set(Listing(digest, str(arguments["source"]), tuple(files), follows))

        run.unless_it_fails(note, None)
        return files, digest

    return listed


def _noting_the_archive(create_bundle: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(create_bundle)
    def created(*args: Any, **kwargs: Any) -> Any:
        begin = time.monotonic()
        result = create_bundle(*args, **kwargs)

        def note() -> None:
            from dejavu_flyte.fingerprint import Archive, archive  # noqa: PLC0415

            digest = inspect.signature(create_bundle).bind(*args, **kwargs).arguments["ls_digest"]
            archive.set(Archive(digest, Path(result[0]), begin))

        run.unless_it_fails(note, None)
        return result

    return created
