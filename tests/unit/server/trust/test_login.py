"""Passwords, keys and what happens to those who have neither."""

from base64 import b64encode
from collections.abc import Generator
from pathlib import Path

import pytest

from tintype.core.rights import Allowance
from tintype.core.settings import TrustConfig
from tintype.keystore import KeyStore
from tintype.server.trust.identity import ANYBODY, Identity
from tintype.server.trust.login import MOST_FAILURES, Login, TurnedAway

HERE = "10.0.0.1"
ANN = TrustConfig(passwords=(("ann", "one"), ("bob", "two")))


class Clock:
    """Time that goes on when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def keys(tmp_path: Path) -> Generator[KeyStore]:
    """A data folder without keys."""
    store = KeyStore(tmp_path / "keys.sqlite")
    yield store
    store.close()


def basic(user: str, password: str) -> dict[str, str]:
    """Headers of basic auth."""
    return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def test_without_a_login_everybody_is_anybody(keys: KeyStore) -> None:
    """On loopback, and with --no-auth; what clients send all the same is not looked at."""
    assert Login(TrustConfig(), keys, "127.0.0.1").admit(basic("ann", "x"), HERE) is ANYBODY
    assert Login(TrustConfig(no_login=True), keys, "0.0.0.0").admit({}, HERE) is ANYBODY


def test_passwords_let_in_with_every_right(keys: KeyStore) -> None:
    """The owner of a job is the user."""
    login = Login(ANN, keys, "127.0.0.1")

    visitor = login.admit(basic("bob", "two"), HERE)

    assert isinstance(visitor, Identity)
    assert (visitor.owner, visitor.manages, visitor.allowance) == ("bob", True, Allowance())


@pytest.mark.parametrize(
    "headers",
    [
        basic("ann", "two"),
        basic("ann", "one "),
        basic("", "one"),
        basic("ann:one", ""),
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + b64encode(b"\xff\xfe:\xff").decode()},
        {"authorization": "Bearer one"},
        {"authorization": "Bearer tt_" + "A" * 43},
        {"x-api-key": "ann:one"},
    ],
    ids=str,
)
def test_what_does_not_fit_is_wrong(keys: KeyStore, headers: dict[str, str]) -> None:
    """Another user's password, half of it, and what is no credentials at all."""
    assert Login(ANN, keys, "127.0.0.1").admit(headers, HERE) == TurnedAway("wrong")


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authorization": "Basic "}])
def test_nothing_is_missing(keys: KeyStore, headers: dict[str, str]) -> None:
    """Empty headers, which some clients send, count as none, and never slow anybody down."""
    login = Login(ANN, keys, "127.0.0.1")
    for _ in range(2 * MOST_FAILURES):
        assert login.admit(headers, HERE) == TurnedAway("missing")


def test_keys_come_in_three_ways(keys: KeyStore) -> None:
    """As bearer, in X-API-Key, and as the password of basic auth under any name."""
    secret = keys.add("app", ["paint"], Allowance(5))
    login = Login(TrustConfig(), keys, "127.0.0.1")

    app = Identity("app", frozenset({"paint"}), Allowance(5))
    assert login.admit({"authorization": f"Bearer {secret}"}, HERE) == app
    assert login.admit({"authorization": f"bearer  {secret} "}, HERE) == app
    assert login.admit({"x-api-key": secret}, HERE) == app
    assert login.admit(basic("whoever", secret), HERE) == app


def test_the_first_key_closes_the_door_and_the_last_does_not_open_it(keys: KeyStore) -> None:
    """A running server notices both; taking a key away lets nobody in."""
    login = Login(TrustConfig(), keys, "127.0.0.1")
    assert login.admit({}, HERE) is ANYBODY

    keys.add("app")
    assert login.admit({}, HERE) == TurnedAway("missing")

    keys.remove("app")
    assert login.admit({}, HERE) == TurnedAway("missing")


def test_off_loopback_nobody_comes_in_without_credentials(keys: KeyStore) -> None:
    """Even when all keys are gone."""
    assert Login(TrustConfig(), keys, "0.0.0.0").admit({}, HERE) == TurnedAway("missing")


def test_guessing_is_slow(keys: KeyStore) -> None:
    """After ten wrong ones an address waits, right or wrong; others do not; no user is locked."""
    clock = Clock()
    login = Login(ANN, keys, "127.0.0.1", clock)
    for _ in range(MOST_FAILURES):
        assert login.admit(basic("ann", "x"), HERE) == TurnedAway("wrong")

    slowed = login.admit(basic("ann", "one"), HERE)
    assert isinstance(slowed, TurnedAway)
    assert (slowed.reason, slowed.wait_seconds) == ("slow down", pytest.approx(6))
    assert isinstance(login.admit(basic("ann", "one"), "10.0.0.2"), Identity)

    clock.now += 6.001
    assert isinstance(login.admit(basic("ann", "one"), HERE), Identity)
