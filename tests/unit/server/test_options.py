"""A1111's options as far as they mean something here."""

from pathlib import Path

import pytest

from tintype.core.models import ModelRecord
from tintype.errors import InvalidRequest, ModelError, UnknownName
from tintype.server import Options
from tintype.server.sdapi.options import Chosen

RECORDS = {name: ModelRecord(f"{name}.ckpt", Path(f"/{name}.ckpt"), 1, 1) for name in "ab"}


def find(name: str | None) -> ModelRecord:
    if (name or "a") not in RECORDS:
        raise UnknownName("checkpoint", name or "", list(RECORDS))
    return RECORDS[name or "a"]


def nothing(_: str | None) -> ModelRecord:
    raise ModelError("no checkpoint was found")


def test_overrides_do_not_leak() -> None:
    """An override decides about its own request alone."""
    options = Options(find)

    assert options.with_overrides({"CLIP_stop_at_last_layers": 2}) == Chosen(None, 2)
    assert options.with_overrides({}) == Chosen(None, 1)


def test_set_values_are_used_and_shown() -> None:
    """A set checkpoint is every later request's, unless it brings its own."""
    options = Options(find)
    options.set({"sd_model_checkpoint": "b"})

    assert options.values()["sd_model_checkpoint"] == "b.ckpt"
    assert options.with_overrides({}).checkpoint == "b"
    assert options.with_overrides({"sd_model_checkpoint": "a"}).checkpoint == "a"


def test_unknown_checkpoint_changes_nothing() -> None:
    """Setting is all or nothing."""
    options = Options(find)
    with pytest.raises(UnknownName):
        options.set({"CLIP_stop_at_last_layers": 2, "sd_model_checkpoint": "zeta"})

    assert options.with_overrides({}) == Chosen(None, 1)


@pytest.mark.parametrize(
    "overrides",
    [
        {"samples_format": "webp"},
        {"sd_model_checkpoint": 3},
        {"CLIP_stop_at_last_layers": "two"},
        {"s_churn": [1]},
    ],
)
def test_values_that_cannot_be_had_are_refused_by_name(overrides: dict[str, object]) -> None:
    """The error names the option."""
    with pytest.raises(InvalidRequest) as refused:
        Options(find).with_overrides(overrides)

    assert refused.value.field == next(iter(overrides))


@pytest.mark.parametrize(
    "overrides",
    [
        {"sd_vae": "None", "randn_source": "CPU", "eta_ancestral": 1},
        {"live_previews_enable": False, "sd_checkpoint_hash": "whatever"},
        {"samples_format": None},
    ],
)
def test_values_that_change_nothing_are_accepted(overrides: dict[str, object]) -> None:
    """What is true here already, or without effect on a picture."""
    assert Options(find).with_overrides(overrides) == Chosen(None, 1)


def test_options_are_shown_without_any_checkpoint() -> None:
    """With no model there is no title, and no error."""
    assert Options(nothing).values()["sd_model_checkpoint"] is None


@pytest.mark.parametrize("value", [0, 13, -1, "2.5", float("inf"), [1], {}])
def test_clip_skip_that_would_fail_everybody_is_not_set(value: object) -> None:
    """A value no request could be done with is refused when it is set, under the option's name."""
    options = Options(find)
    with pytest.raises(InvalidRequest, match=r"CLIP_stop_at_last_layers: .* from 1 to 12"):
        options.set({"CLIP_stop_at_last_layers": value})

    assert options.with_overrides({}) == Chosen(None, 1)


def test_null_is_the_value_it_has() -> None:
    """Null changes no option."""
    options = Options(find)
    options.set({"CLIP_stop_at_last_layers": 2})
    nulls = {"CLIP_stop_at_last_layers": None, "sd_model_checkpoint": None, "sd_vae": None}

    assert options.with_overrides(nulls) == Chosen(None, 2)
