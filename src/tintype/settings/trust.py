"""Reading whom to believe, from flags and variables; nothing here repeats a password.

| flag                          | variable                            | value                      |
|-------------------------------|-------------------------------------|----------------------------|
| `--auth` (also `--api-auth`)  | `TINTYPE_AUTH`                      | `user:password[,user2:…]`  |
| `--auth-file`                 | `TINTYPE_AUTH_FILE`                 | a `user:password` a line   |
| `--no-auth`                   | `TINTYPE_NO_AUTH`                   | true: ask nobody           |
| `--allow-host`                | `TINTYPE_ALLOW_HOST`                | names, comma between       |
| `--cors-allow-origins`        | `TINTYPE_CORS_ALLOW_ORIGINS`        | origins, comma between     |
| `--cors-allow-origins-regex`  | `TINTYPE_CORS_ALLOW_ORIGINS_REGEX`  | a pattern for whole origins|
| `--allow-url-inits`           | `TINTYPE_ALLOW_URL_INITS`           | true: fetch pictures       |
| `--forwarded-allow-ips`       | `TINTYPE_FORWARDED_ALLOW_IPS`       | proxies, comma between     |
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from tintype.core.settings import TrustConfig
from tintype.errors import SetupError
from tintype.settings.given import Given, Look, is_on

_ALLOWED_HOST = re.compile(r"\*|(\*\.)?[A-Za-z0-9._:\[\]-]+")


def read_trust(look: Look) -> TrustConfig:
    """Whom the flags and variables tell the server to believe.

    Raises:
        SetupError: a value is of no use, or contradicts another.
    """
    passwords = (*_passwords(look("auth")), *_from_file(look("auth-file")))
    no_login = is_on(look("no-auth"))
    if no_login and passwords:
        raise SetupError("--no-auth and --auth or --auth-file contradict each other; choose one")
    return TrustConfig(
        passwords=passwords,
        no_login=no_login,
        allowed_hosts=_checked(look("allow-host"), _is_host, "a host name, *.name or *"),
        cors_origins=_checked(
            look("cors-allow-origins"), _is_origin, "an origin such as http://localhost:3000, or *"
        ),
        cors_pattern=_pattern(look("cors-allow-origins-regex")),
        fetches_urls=is_on(look("allow-url-inits")),
        is_offline=is_on(look("offline")),
        forwarded_by=_checked(
            look("forwarded-allow-ips"),
            _is_network,
            "an address, a network such as 10.0.0.0/8, or *",
        ),
    )


def _passwords(said: Given | None) -> tuple[tuple[str, str], ...]:
    if said is None:
        return ()
    return tuple(_pair(pair, said.source) for pair in str(said.value).split(","))


def _from_file(said: Given | None) -> tuple[tuple[str, str], ...]:
    if said is None:
        return ()
    source, path = said.source, Path(str(said.value)).expanduser()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SetupError(f"{source}: {path} cannot be read as UTF-8 text: {error}") from error
    pairs = [
        _pair(line.strip(), f"{source}: line {number} of {path}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not pairs:
        raise SetupError(f"{source}: there is no user in {path}; expected user:password lines")
    return tuple(pairs)


def _pair(text: str, source: str) -> tuple[str, str]:
    user, _, password = text.partition(":")
    if not user.strip() or not password:
        raise SetupError(f"{source}: expected user:password, both of them not empty")
    return user.strip(), password


def _checked(said: Given | None, is_good: Callable[[str], bool], expected: str) -> tuple[str, ...]:
    if said is None:
        return ()
    value = said.value
    parts = cast("Iterable[object]", value) if isinstance(value, list | tuple) else [value]
    words = [word.strip() for part in parts for word in str(part).split(",") if word.strip()]
    for word in words:
        if not is_good(word):
            raise Given(said.source, word).refuse(expected)
    return tuple(words)


def _is_host(word: str) -> bool:
    return _ALLOWED_HOST.fullmatch(word) is not None


def _is_origin(word: str) -> bool:
    if word in ("*", "null", "file://"):  # the latter two are what pages from disk say
        return True
    try:
        parts = urlsplit(word)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and not (parts.path or parts.query or parts.fragment)


def _is_network(word: str) -> bool:
    try:
        return word == "*" or bool(ip_network(word, strict=False))
    except ValueError:
        return False


def _pattern(said: Given | None) -> str | None:
    if said is None:
        return None
    try:
        return re.compile(str(said.value)).pattern
    except re.error as error:
        raise said.refuse(f"a regular expression: {error}") from error
