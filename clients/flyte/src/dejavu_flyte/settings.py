"""The settings, read from the environment."""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlsplit

from dejavu_flyte import files
from dejavu_flyte.reach import is_loopback
from dejavu_flyte.values import Allowed

_OFF = {"0", "false", "no", "off"}
_REGISTRY = re.compile(r"[\w-]+(\.[\w-]+)*(:\d+)?(/[\w.-]+)*", re.ASCII)
_PATH = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]*")
_BACKEND = re.compile(r"[!-~]*[\w*][!-~]*")
# Of a pattern, as in the service.
_MAX_STARS, _MAX_LENGTH = 4, 512
_AGE = re.compile(r"(\d{1,9})([smhd])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_AGE = 3650 * 86400
_MAX_WAIT = 86400
_ON = {"1", "true", "yes", "on"}


# The settings of files, by the names of the variables that win over them.
_FROM_FILES: ContextVar[dict[str, files.Given] | None] = ContextVar("_FROM_FILES", default=None)


class SettingError(ValueError):
    """An invalid setting; the text names it and the values allowed."""


class NoUrlError(SettingError):
    """Neither the environment nor a file names a service: nothing is shared."""


@dataclass(frozen=True)
class Settings:
    """The settings of this process.

    `timeout` is in seconds, for an answer. `token_file`: a file with the token; `token_audience`: for whom a token is
    that the client fetches itself. `remote_builder`: whether a remote build looks an image up in the team cache before
    it asks the backend: `on`, `off`, or `any`, also where the link to its build is unknown. `max_age`: how many seconds
    ago an entry may have been verified. `wait`: how many seconds at most to wait for an image that somebody else
    builds; 0: not at all, and nobody hears what is built here. `skip`: read nothing, and tell the team anew.
    `insecure`: whether a token may leave this machine without TLS. `is_own`: whether the user, and not a repository,
    chose the URL; only then it gets a token. `origins`: where each setting stands that is set.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    token_audience: str = "dejavu"  # noqa: S105
    timeout: float = 0.5
    remote_builder: str = "on"
    max_age: float = 86400
    wait: float = 600
    skip: bool = False
    insecure: bool = False
    allowed: Allowed = field(default_factory=Allowed)
    is_own: bool = True
    origins: dict[str, str] = field(default_factory=dict, compare=False)

    @classmethod
    def load(cls) -> Settings:
        """Read the variables `DEJAVU_…`, and for those that are missing Flyte's configuration and `pyproject.toml`.

        A variable that is empty is not missing: it stands for the default, and an empty URL for none.

        Raises:
            NoUrlError: nothing names a service
            SettingError: a setting is invalid
        """
        try:
            given = {f"DEJAVU_{member.upper()}": value for member, value in files.given().items()}
        except files.FileError as e:
            raise SettingError(str(e)) from None
        unset = {name: value for name, value in given.items() if name not in os.environ}
        token = _FROM_FILES.set(unset)
        try:
            settings = cls.from_environment()
        except SettingError as e:
            name = str(e).partition(" ")[0]
            if name not in unset:
                raise
            raise SettingError(str(e).replace(name, unset[name].name)) from None
        finally:
            _FROM_FILES.reset(token)
        if "DEJAVU_URL" not in unset:
            is_own = True
        elif settings.user:
            raise SettingError(f"{unset['DEJAVU_URL'].name} must have no user and no password")
        else:
            try:
                is_own = settings.url in files.own_urls()
            except files.FileError as e:
                raise SettingError(str(e)) from None
        origins = {name: name for name in os.environ if name.startswith("DEJAVU_")}
        return replace(settings, is_own=is_own, origins=origins | {name: given.name for name, given in unset.items()})

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the variables `DEJAVU_…`.

        Raises:
            NoUrlError: `DEJAVU_URL` is missing
            SettingError: one of them is invalid
        """
        return cls(
            url=_url(_variable("DEJAVU_URL")),
            token=token(_variable("DEJAVU_TOKEN"), "DEJAVU_TOKEN"),
            token_file=_variable("DEJAVU_TOKEN_FILE") or None,
            token_audience=_audience(_variable("DEJAVU_TOKEN_AUDIENCE")),
            timeout=_timeout(_variable("DEJAVU_TIMEOUT")),
            remote_builder=_remote_builder(_variable("DEJAVU_REMOTE_BUILDER").lower()),
            max_age=_max_age(_variable("DEJAVU_MAX_AGE").lower()),
            wait=_wait(_variable("DEJAVU_WAIT").lower()),
            skip=_switch("DEJAVU_SKIP", default=False),
            insecure=_switch("DEJAVU_INSECURE", default=False),
            allowed=_allowed(),
        )

    @property
    def public_url(self) -> str:
        """The URL without user and password, for messages."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def user(self) -> tuple[str, str] | None:
        """The user and the password in the URL, if any."""
        parts = urlsplit(self.url)
        return (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None

    @property
    def is_tls(self) -> bool:
        """Whether to encrypt the connection and to verify the certificate of the service."""
        return urlsplit(self.url).scheme != "http"

    @property
    def is_loopback(self) -> bool:
        """Whether the service is on this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")

    @property
    def is_private(self) -> bool:
        """Whether nobody else can read a token or password on its way, or `insecure` allows that."""
        return self.is_tls or self.is_loopback or self.insecure


def _variable(name: str) -> str:
    given = (_FROM_FILES.get() or {}).get(name)
    return given.text if given else os.environ.get(name, "").strip()


def _url(value: str) -> str:
    if not value:
        raise NoUrlError("DEJAVU_URL must be an address like http://dejavu.example.com:8080; nothing sets it")
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isprintable() or " " in value or parts.query or parts.fragment or "@" in parts.path:
        raise SettingError("DEJAVU_URL must be an address like http://dejavu.example.com:8080")
    return value.rstrip("/")


def token(value: str, source: str) -> str | None:
    """Return a token as it can be sent; None for an empty text.

    Raises:
        SettingError: it is no token; `source` is where it comes from
    """
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise SettingError(f"{source} must be one word of ASCII characters")
    return value or None


def _audience(value: str) -> str:
    if not value.isprintable() or len(value) > 255:
        raise SettingError("DEJAVU_TOKEN_AUDIENCE must be a text of at most 255 characters")
    return value or Settings.token_audience


def _timeout(value: str) -> float:
    try:
        seconds = float(value or Settings.timeout)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= 30:
        raise SettingError("DEJAVU_TIMEOUT must be a number of seconds, more than 0 and at most 30")
    return seconds


def _switch(name: str, *, default: bool) -> bool:
    value = _variable(name).lower()
    if value and value not in _OFF | _ON:
        raise SettingError(f"{name} must be on or off")
    return value in _ON if value else default


def _remote_builder(value: str) -> str:
    if value and value not in _OFF | _ON | {"any"}:
        raise SettingError("DEJAVU_REMOTE_BUILDER must be on, off or any")
    return "any" if value == "any" else "off" if value in _OFF else "on"


def _max_age(value: str) -> float:
    seconds = _seconds(value or "1d")
    if not 0 < seconds <= _MAX_AGE:
        raise SettingError("DEJAVU_MAX_AGE must be a time like 12h or 30d, more than 0 and at most 3650d")
    return seconds


def _wait(value: str) -> float:
    seconds = 0 if value in _OFF else _seconds(value or "10m")
    if not 0 <= seconds <= _MAX_WAIT:
        raise SettingError("DEJAVU_WAIT must be a time like 90s or 10m, at most 1d, or 0 to wait for nobody")
    return seconds


def _seconds(value: str) -> int:
    """Return the seconds of a time like 12h; -1: it is none."""
    found = _AGE.fullmatch(value)
    return int(found[1]) * _UNITS[found[2]] if found else -1


def _allowed() -> Allowed:
    prefixes, paths = _list("DEJAVU_IMAGE_PREFIXES"), _list("DEJAVU_BUNDLE_PATHS")
    if not all(_REGISTRY.fullmatch(prefix) for prefix in prefixes):
        raise SettingError("DEJAVU_IMAGE_PREFIXES must be registries like cr.example.com/flyte, with commas between")
    if not all(_PATH.fullmatch(path) for path in paths):
        raise SettingError("DEJAVU_BUNDLE_PATHS must be URIs like s3://my-bucket/flyte, with commas between")
    # Without the slash, s3://my-bucket would allow s3://my-bucket-of-another.
    paths = tuple(path if path.endswith("/") else f"{path}/" for path in paths)
    share = _list("DEJAVU_SHARE")
    if not all(_BACKEND.fullmatch(backend) for backend in share):
        raise SettingError("DEJAVU_SHARE must be backends like https://flyte.example.com, with commas between")
    if any(backend.count("*") > _MAX_STARS or len(backend) > _MAX_LENGTH for backend in share):
        raise SettingError(f"DEJAVU_SHARE must have at most {_MAX_STARS} stars and {_MAX_LENGTH} characters a backend")
    return Allowed(prefixes, paths or Allowed.bundle_paths, share)


def _list(name: str) -> tuple[str, ...]:
    return tuple(value for part in _variable(name).split(",") if (value := part.strip()))
