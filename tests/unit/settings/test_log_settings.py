"""How the log is to be written, as flags and environment say."""

from pathlib import Path

import pytest

from tintype.core.settings import LogConfig
from tintype.errors import SetupError
from tintype.settings import read_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_text_at_info_unless_told_otherwise() -> None:
    """For people, and not too much of it."""
    assert read_settings({}, {}).log == LogConfig("text", "info")


def test_variables_have_underscores_where_flags_have_dashes() -> None:
    """`--log-format` is TINTYPE_LOG_FORMAT, and a flag wins as ever."""
    environment = {"TINTYPE_LOG_FORMAT": "JSON", "TINTYPE_LOG_LEVEL": "debug"}

    assert read_settings({"log-level": "error"}, environment).log == LogConfig("json", "error")


@pytest.mark.parametrize(
    ("flags", "environment", "says"),
    [
        ({"log-format": "xml"}, {}, "--log-format: 'xml' is not one of text, json"),
        ({}, {"TINTYPE_LOG_LEVEL": "loud"}, "TINTYPE_LOG_LEVEL: 'loud' is not one of debug, info"),
    ],
)
def test_other_values_are_refused(
    flags: dict[str, object], environment: dict[str, str], says: str
) -> None:
    """With the choices there are."""
    with pytest.raises(SetupError) as refusal:
        read_settings(flags, environment)

    assert str(refusal.value).startswith(says)
