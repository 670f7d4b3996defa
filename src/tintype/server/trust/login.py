"""Whose credentials a request carries, and whether it needs any."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from time import monotonic
from typing import Literal

from tintype.core.addresses import is_loopback
from tintype.core.settings import TrustConfig
from tintype.keystore import KeyStore
from tintype.server.trust.buckets import Buckets, neighbourhood
from tintype.server.trust.identity import ANYBODY, RIGHTS, Identity

MOST_FAILURES = 10
"""Wrong credentials in a minute from one address, before it has to wait."""

_MOST_CREDENTIAL_CHARS = 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows to be let in.

    Attributes:
        user: of basic auth, "" with a key.
        secret: a password or a key.
    """

    user: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Why a request is not let in.

    Attributes:
        reason: "missing" where there are no credentials, "wrong", or "slow down" after too many
            wrong ones.
        wait_seconds: until it makes sense to try again.
    """

    reason: Literal["missing", "wrong", "slow down"]
    wait_seconds: float = 0.0


class Login:
    """Passwords from the settings, and keys from their file as it is now."""

    def __init__(
        self,
        config: TrustConfig,
        keys: KeyStore,
        bound: str,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._is_off = config.no_login
        self._passwords = tuple((user, _digest(user, word)) for user, word in config.passwords)
        self._keys = keys
        self._is_on = bool(self._passwords) or not is_loopback(bound)
        self._failures = Buckets(clock)

    @property
    def is_on(self) -> bool:
        """Whether anybody is asked who they are.

        On once there is a password or a key, and always off loopback. It stays on when the last
        key is removed: who takes a key away does not mean to open the door to everybody.
        """
        if self._is_off:
            return False
        self._is_on = self._is_on or bool(self._keys.all())
        return self._is_on

    def admit(self, headers: Mapping[str, str], address: str) -> Identity | TurnedAway:
        """Who sends a request with these headers.

        Wrong credentials slow down the address they come from, never the account they name:
        whoever knows a user's name could otherwise keep that user out.

        Args:
            headers: by name in lower case.
            address: of the client.
        """
        if not self.is_on:
            return ANYBODY
        credentials = credentials_in(headers)
        if credentials is None:
            return TurnedAway("missing")
        client = neighbourhood(address)
        if wait := self._failures.wait(client, MOST_FAILURES):
            return TurnedAway("slow down", wait)
        identity = self.known(credentials)
        if identity is None:
            self._failures.take(client, MOST_FAILURES)
            return TurnedAway("wrong")
        return identity

    def known(self, credentials: Credentials) -> Identity | None:
        """Whose credentials these are, or None."""
        key = self._keys.find(credentials.secret)
        digest = _digest(credentials.user, credentials.secret)
        fits = [user for user, own in self._passwords if compare_digest(own, digest)]
        if key is not None:
            return Identity(key.name, key.rights, key.allowance)
        return Identity(fits[0], frozenset(RIGHTS)) if fits else None


def credentials_in(headers: Mapping[str, str]) -> Credentials | None:
    """What a request shows; None for nothing, and for the empty headers some clients send."""
    if key := headers.get("x-api-key", "").strip():
        return Credentials("", key[:_MOST_CREDENTIAL_CHARS])
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    value = value.strip()[:_MOST_CREDENTIAL_CHARS]
    if not value:
        return None
    return _basic(value) if scheme.casefold() == "basic" else Credentials("", value)


def _basic(value: str) -> Credentials:
    try:
        text = b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return Credentials("", "")
    user, _, password = text.partition(":")
    return Credentials(user, password)


def _digest(user: str, password: str) -> bytes:
    """Of both together, so that time does not tell whether a user exists."""
    return sha256(f"{user}:{password}".encode("utf-8", "surrogatepass")).digest()
