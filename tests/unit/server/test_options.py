"""A1111's options as far as they mean something here."""

from pathlib import Path

import pytest

from tintype.core.models import ModelRecord, VaeRecord
from tintype.errors import InvalidRequest, ModelError, UnknownName
from tintype.server import Options
from tintype.server.sdapi.option_table import OPTIONS

DEFAULTS = {name: option.default for name, option in OPTIONS.items()}
RECORDS = {name: ModelRecord(f"{name}.ckpt", Path(f"/{name}.ckpt"), 1, 1) for name in "ab"}


def find(name: str | None) -> ModelRecord:
    if (name or "a") not in RECORDS:
        raise UnknownName("checkpoint", name or "", list(RECORDS))
    return RECORDS[name or "a"]


def find_vae(name: str) -> VaeRecord:
    if name.casefold() != "anime.pt":
        raise UnknownName("VAE", name, ["anime.pt"])
    return VaeRecord("Anime.pt", Path("/Anime.pt"), 1, 1)


def nothing(_: str | None) -> ModelRecord:
    raise ModelError("no checkpoint was found")


def test_overrides_do_not_leak() -> None:
    """An override decides about its own request alone."""
    options = Options(find, find_vae)

    assert options.with_overrides({"CLIP_stop_at_last_layers": 2}) == DEFAULTS | {
        "CLIP_stop_at_last_layers": 2
    }
    assert options.with_overrides({}) == DEFAULTS


def test_set_values_are_used_and_shown() -> None:
    """A set checkpoint is every later request's, unless it brings its own."""
    options = Options(find, find_vae)
    options.set({"sd_model_checkpoint": "b"})

    assert options.values()["sd_model_checkpoint"] == "b.ckpt"
    assert options.with_overrides({})["sd_model_checkpoint"] == "b"
    assert options.with_overrides({"sd_model_checkpoint": "a"})["sd_model_checkpoint"] == "a"


def test_unknown_checkpoint_changes_nothing() -> None:
    """Setting is all or nothing."""
    options = Options(find, find_vae)
    with pytest.raises(UnknownName):
        options.set({"CLIP_stop_at_last_layers": 2, "sd_model_checkpoint": "zeta"})

    assert options.with_overrides({}) == DEFAULTS


@pytest.mark.parametrize(
    "overrides",
    [
        {"samples_format": "bmp"},
        {"sd_model_checkpoint": 3},
        {"CLIP_stop_at_last_layers": "two"},
        {"s_churn": [1]},
        {"s_churn": -1},
        {"eta_ancestral": float("nan")},
        {"eta_noise_seed_delta": 2**80},
        {"randn_source": "MPS"},
        {"emphasis": "Loud"},
        {"tiling": "maybe"},
        {"sd_vae": 3},
        {"sd_vae_overrides_per_model_preferences": "perhaps"},
        {"uni_pc_order": 0},
        {"jpeg_quality": 101},
        {"token_merging_ratio": 1},
        {"sd_noise_schedule": 1},
    ],
)
def test_values_that_cannot_be_had_are_refused_by_name(overrides: dict[str, object]) -> None:
    """The error names the option."""
    with pytest.raises(InvalidRequest) as refused:
        Options(find, find_vae).with_overrides(overrides)

    assert refused.value.field == next(iter(overrides))


@pytest.mark.parametrize(
    "overrides",
    [
        {"sd_vae": "automatic", "eta_ancestral": 1},
        {"samples_format": None, "s_churn": 0.0, "tiling": False},
    ],
)
def test_values_that_change_nothing_are_accepted(overrides: dict[str, object]) -> None:
    """What is true here already."""
    assert Options(find, find_vae).with_overrides(overrides) == DEFAULTS


def test_options_without_effect_are_kept_and_shown() -> None:
    """Those of A1111's page may have any value."""
    options = Options(find, find_vae)
    options.set({"live_previews_enable": "whatever"})

    assert options.values()["live_previews_enable"] == "whatever"


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("randn_source", "cpu", "CPU"),
        ("randn_source", "NV", "NV"),
        ("emphasis", "no norm", "No norm"),
        ("samples_format", "WEBP", "webp"),
        ("tiling", "true", True),
        ("tiling", 1, True),
        ("eta_ancestral", "0.5", 0.5),
        ("CLIP_stop_at_last_layers", "2", 2),
        ("CLIP_stop_at_last_layers", 2.0, 2),
        ("eta_noise_seed_delta", -31337, -31337),
        ("s_churn", None, 0.0),
    ],
)
def test_values_are_read_in_their_types(name: str, value: object, meant: object) -> None:
    """Numbers may be text, and names have any case."""
    read = Options(find, find_vae).with_overrides({name: value})[name]

    assert (read, type(read)) == (meant, type(meant))


@pytest.mark.parametrize("name", OPTIONS)
def test_defaults_can_be_sent_back(name: str) -> None:
    """What an option is at first is a value it takes."""
    options = Options(find, find_vae)

    assert options.with_overrides({name: OPTIONS[name].default}) == DEFAULTS


def test_options_are_shown_without_any_checkpoint() -> None:
    """With no model there is no title, and no error."""
    assert Options(nothing, find_vae).values()["sd_model_checkpoint"] is None


@pytest.mark.parametrize("value", [0, 13, -1, "2.5", float("inf"), [1], {}])
def test_clip_skip_that_would_fail_everybody_is_not_set(value: object) -> None:
    """A value no request could be done with is refused when it is set, under the option's name."""
    options = Options(find, find_vae)
    with pytest.raises(InvalidRequest, match=r"CLIP_stop_at_last_layers: .* from 1 to 12"):
        options.set({"CLIP_stop_at_last_layers": value})

    assert options.with_overrides({}) == DEFAULTS


def test_null_is_the_default() -> None:
    """Null asks for what an option is at first, but for the checkpoint, which stays."""
    options = Options(find, find_vae)
    options.set({"CLIP_stop_at_last_layers": 2, "sd_model_checkpoint": "b"})
    nulls = {"CLIP_stop_at_last_layers": None, "sd_model_checkpoint": None, "sd_vae": None}

    assert options.with_overrides(nulls) == DEFAULTS | {"sd_model_checkpoint": "b"}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("anime.PT", "Anime.pt"),
        ("auto", "Automatic"),
        ("AUTOMATIC", "Automatic"),
        ("", "Automatic"),
        (None, "Automatic"),
        ("none", "None"),
    ],
)
def test_autoencoders_are_shown_as_they_are_called(value: object, read: str) -> None:
    """Whatever way one is named, the option says what A1111's would."""
    options = Options(find, find_vae)
    options.set({"sd_vae": value})

    assert options.values()["sd_vae"] == options.with_overrides({})["sd_vae"] == read


def test_unknown_autoencoders_change_nothing() -> None:
    """A name that is in no list is refused, be it an override or the server's option."""
    options = Options(find, find_vae)
    with pytest.raises(UnknownName):
        options.set({"sd_vae": "lost.pt"})
    with pytest.raises(UnknownName):
        options.with_overrides({"sd_vae": "lost.pt"})

    assert options.with_overrides({}) == DEFAULTS
