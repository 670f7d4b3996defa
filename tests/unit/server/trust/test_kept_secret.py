"""Secrets kept in the data folder."""

from pathlib import Path

import pytest

from tintype.errors import SetupError
from tintype.server.trust.kept_secret import kept_secret


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    """The second call reads what the first has made, and nobody else may."""
    path = tmp_path / "link-secret"
    first = kept_secret(path, "links")

    assert kept_secret(path, "links") == first
    assert len(first) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["link-secret"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    """A file that holds no secret is refused in words, not overwritten."""
    path = tmp_path / "link-secret"
    path.write_text("mine")

    with pytest.raises(SetupError, match=r"the secret of links in .*link-secret"):
        kept_secret(path, "links")
    assert path.read_text() == "mine"
