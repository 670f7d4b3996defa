"""Keys on disk."""

import os
import stat
from collections.abc import Generator
from pathlib import Path

import pytest

from tintype.core.rights import Allowance
from tintype.errors import InvalidRequest, UnknownName
from tintype.keystore import KeyStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the keys are."""
    return tmp_path / "keys.sqlite"


@pytest.fixture
def store(path: Path) -> Generator[KeyStore]:
    """The keys as a server has them open."""
    store = KeyStore(path)
    yield store
    store.close()


@pytest.fixture
def other(path: Path) -> Generator[KeyStore]:
    """The same keys, open in another process."""
    store = KeyStore(path)
    yield store
    store.close()


def test_no_file_means_no_keys(store: KeyStore, path: Path) -> None:
    """Asking for keys makes no file."""
    assert (store.all(), store.find("tt_x"), path.exists()) == ((), None, False)


def test_keys_are_found_by_themselves(store: KeyStore) -> None:
    """A key opens what it was made for; another of its length opens nothing."""
    secret = store.add("app", ["paint"], Allowance(30, 100, 2))

    key = store.find(secret)

    assert key is not None
    assert (key.name, key.rights, key.allowance) == ("app", {"paint"}, Allowance(30, 100, 2))
    assert store.find(secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    assert store.find("") is None


def test_keys_are_not_kept_as_they_are(store: KeyStore, path: Path) -> None:
    """Neither file nor repr has the key, and nobody else may read the file."""
    secret = store.add("app")
    store.close()

    files = [file.read_bytes() for file in path.parent.iterdir()]
    assert not any(secret.encode() in file for file in files)
    assert "digest" not in repr(store.all())
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_changes_of_others_are_noticed(store: KeyStore, other: KeyStore) -> None:
    """A key made or removed by another process works, or not, from the next request on."""
    assert store.all() == ()

    secret = other.add("app")
    assert store.find(secret) is not None

    other.remove("app")
    assert store.find(secret) is None


def test_names_are_unique(store: KeyStore, other: KeyStore) -> None:
    """A second key of a name is refused, also from another process, and the first one stays."""
    secret = store.add("app")

    with pytest.raises(InvalidRequest, match="a key named app already"):
        other.add("app")
    assert store.find(secret) is not None


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\n", "x" * 65])
def test_names_are_plain(store: KeyStore, name: str) -> None:
    """Names stand in logs and lists; others than plain ones are refused."""
    with pytest.raises(InvalidRequest, match="name"):
        store.add(name)


def test_unknown_keys_cannot_be_removed(store: KeyStore) -> None:
    """The refusal says which keys there are."""
    store.add("app")

    with pytest.raises(UnknownName, match="there are: app"):
        store.remove("ape")


def test_pictures_are_counted_by_day(store: KeyStore, other: KeyStore) -> None:
    """Up to the bound, inclusive, in all processes together; a new day begins at nothing."""
    assert store.spend("app", 3, most=5, day=1)
    assert not other.spend("app", 3, most=5, day=1)
    assert other.spend("app", 2, most=5, day=1)
    assert store.spend("app", 5, most=5, day=2)


def test_pictures_that_did_not_come_are_given_back(store: KeyStore) -> None:
    """A negative count takes back, but never below nothing."""
    store.spend("app", 5, most=5, day=1)

    store.spend("app", -3, most=5, day=1)

    assert not store.spend("app", 4, most=5, day=1)
    assert store.spend("app", 3, most=5, day=1)
