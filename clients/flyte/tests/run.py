"""Runs Flyte once, in its own process, with the steps of a JSON argument; only the backend and the upload are fakes.

Registry checks go through the `docker` command that the tests put on the PATH.
"""

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import flyte
import flyte.remote

COUNTS = {"uploads": 0, "backend": 0}


def main() -> None:
    job = json.loads(sys.argv[1])
    root = Path(job["root"])
    more = {"project": job["project"], "domain": job["domain"], "image_builder": job["builder"]}
    if config := os.environ.get("CONFIG"):
        flyte.init_from_config(config, **more)
    else:
        flyte.init(endpoint=job["endpoint"], root_dir=root, **more)
    sys.path.insert(0, str(root))
    fake_upload(job["upload_to"])
    fake_backend()
    results = []
    for step in job["steps"]:
        begin = time.perf_counter()
        results.append({"value": STEPS[step.pop("do")](root, **step), "seconds": time.perf_counter() - begin})
    done = {"results": results, "modules": [m for m in sys.modules if m.startswith("dejavu_flyte")], **COUNTS}
    done["threads"] = [thread.name for thread in threading.enumerate()]
    Path(os.environ["RESULT"]).write_text(json.dumps(done))


def fake_upload(to: str) -> None:
    async def upload(path: Path) -> tuple[str, str]:
        COUNTS["uploads"] += 1
        time.sleep(float(os.environ.get("UPLOAD_SECONDS", "0")))
        return hashlib.md5(path.read_bytes()).hexdigest(), f"{to}/{COUNTS['uploads']}/{path.name}"

    flyte.remote.upload_file = SimpleNamespace(aio=upload)


def fake_backend() -> None:
    from flyte._initialize import get_init_config
    from flyte._internal.imagebuild.remote_builder import RemoteImageChecker

    async def get_image(request: object) -> object:
        COUNTS["backend"] += 1
        uri = f"cr.example.com/acme/{request.id.name}"
        run = SimpleNamespace(org="", project=request.project_id.name, domain=request.project_id.domain, name="r1")
        has_field = "BACKEND_WITHOUT_LINKS" not in os.environ
        return SimpleNamespace(image=SimpleNamespace(fqin=uri, build_run=run, HasField=lambda _: has_field))

    flyte.remote.Task.get = lambda **_: None
    service = SimpleNamespace(get_image=get_image)
    RemoteImageChecker._images_client = service  # where older Flyte versions keep it
    client = get_init_config().client
    if client is not None:
        type(client).image_service = property(lambda _: service)


def image(name: str, platforms: list[str], registry: str | None, tag: str | None) -> flyte.Image:
    made = flyte.Image.from_debian_base(registry=registry, name=name, platform=tuple(platforms))
    made = made.with_env_vars({"UNIQUE": name})
    if tag:
        object.__setattr__(made, "_tag", tag)
    return made


def exists(
    _: Path, name: str, platforms: list[str], registry: str | None = "ghcr.io/acme", tag: str | None = None
) -> str | None:
    from flyte._internal.imagebuild.image_builder import ImageBuildEngine

    return asyncio.run(ImageBuildEngine.image_exists(image(name, platforms, registry, tag)))


def build(
    _: Path,
    name: str,
    platforms: list[str],
    registry: str | None = "ghcr.io/acme",
    tag: str | None = None,
    dry_run: bool = False,
    force: bool = False,
) -> str | None:
    from flyte._internal.imagebuild.image_builder import ImageBuildEngine

    made = image(name, platforms, registry, tag)
    return asyncio.run(ImageBuildEngine.build(made, dry_run=dry_run, force=force)).uri


def linked(_: Path, name: str, platforms: list[str], registry: str | None = None) -> list[str | None]:
    """Return the URI of an image, and the build run that goes into the metadata of its tasks."""
    from flyte._internal.imagebuild.image_builder import ImageBuildEngine

    built = asyncio.run(ImageBuildEngine.build(image(name, platforms, registry, None)))
    return [built.uri, built.build_run and built.build_run.model_dump_json()]


def remote_build(_: Path, name: str, platforms: list[str]) -> str | None:
    """Build an image that its backend does not have."""
    from flyte._build import ImageBuild
    from flyte._internal.imagebuild import image_builder, remote_builder

    made = image(name, platforms, None, None)
    job = json.loads(sys.argv[1])

    async def build_image(*_: object, **__: object) -> ImageBuild:
        run = image_builder.RunIdentifierData(org="", project=job["project"], domain=job["domain"], name="r2")
        return ImageBuild(uri=f"cr.example.com/acme/{name}:{made._final_tag}", remote_run=None, build_run=run)

    # The package wraps what the class has.
    cell, build = None, remote_builder.RemoteImageBuilder.build_image
    while inside := [c for c in build.__closure__ or () if getattr(c.cell_contents, "__name__", "") == "build_image"]:
        (cell,) = inside
        build = cell.cell_contents
    cell.cell_contents = build_image
    return asyncio.run(image_builder.ImageBuildEngine.build(made, force=True)).uri


def bundle(root: Path, dryrun: bool = False, changes: str = "") -> list[str]:
    """Bundle all files; the content of `main.py` changes after Flyte has listed it."""
    from flyte._code_bundle import bundle
    from flyte._code_bundle.bundle import build_code_bundle

    def temporary_directory() -> tempfile.TemporaryDirectory[str]:
        if changes:
            (root / "main.py").write_text(changes)
        return tempfile.TemporaryDirectory()

    bundle.tempfile = SimpleNamespace(TemporaryDirectory=temporary_directory)
    made = asyncio.run(build_code_bundle(root, copy_style="all", dryrun=dryrun))
    return [made.tgz, made.computed_version]


def relative(root: Path, paths: list[str]) -> list[str]:
    from flyte._code_bundle.bundle import build_code_bundle_from_relative_paths

    made = asyncio.run(build_code_bundle_from_relative_paths(tuple(paths), root))
    return [made.tgz, made.computed_version]


def golden(_: Path) -> list[str]:
    from flyte._code_bundle.bundle import _scoped_digest
    from flyte._internal.imagebuild.image_builder import _cache_key

    return [_cache_key("ghcr.io/acme/my-app", "v1.0", ("linux/arm64", "linux/amd64")), _scoped_digest("0" * 32)]


def sleep(_: Path, seconds: float) -> None:
    time.sleep(seconds)


def wait(_: Path, path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.1)


def touch(_: Path, path: str) -> None:
    Path(path).touch()


def deploy(root: Path) -> list[str]:
    """Do the first steps of `flyte deploy main.py`."""
    import importlib

    from flyte._code_bundle.bundle import build_code_bundle
    from flyte._environment import list_loaded_environments

    importlib.import_module("main")
    for environment in list_loaded_environments():
        flyte.build_images(environment)
    return [asyncio.run(build_code_bundle(root, copy_style="loaded_modules")).tgz]


def install(_: Path) -> None:
    from dejavu_flyte import hook

    hook.install()


def read(_: Path, name: str) -> str | None:
    from flyte._internal.imagebuild import image_builder
    from flyte._internal.imagebuild.image_builder import _read_image_cache

    # Flyte prunes after 5 % of the reads, and would then wait 5 s for the locked file.
    image_builder.random = SimpleNamespace(random=lambda: 1.0)
    return _read_image_cache(f"ghcr.io/acme/{name}", "v1", ("linux/amd64", "linux/arm64"))


def fork(_: Path, name: str) -> int:
    """Read in a forked child, which must not wait for the thread of its parent."""
    from flyte._internal.imagebuild.image_builder import _read_image_cache

    child = os.fork()
    if child == 0:
        begin = time.monotonic()
        _read_image_cache(f"ghcr.io/acme/{name}", "v1", ("linux/amd64",))
        os._exit(0 if time.monotonic() - begin < 2 else 1)
    for _ in range(50):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(child, 9)
    return -1


STEPS = {
    "exists": exists,
    "build": build,
    "linked": linked,
    "remote_build": remote_build,
    "bundle": bundle,
    "relative": relative,
    "golden": golden,
    "sleep": sleep,
    "wait": wait,
    "touch": touch,
    "deploy": deploy,
    "install": install,
    "fork": fork,
    "read": read,
}

if __name__ == "__main__":
    main()
