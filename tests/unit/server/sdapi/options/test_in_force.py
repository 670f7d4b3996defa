"""A1111's options as far as they mean something here."""

import json
from pathlib import Path

import pytest

from tintype.core.models import ModelRecord, VaeRecord
from tintype.errors import InvalidRequest, ModelError, SetupError, UnknownName
from tintype.optionstore import JsonFile
from tintype.server.sdapi.options import Options
from tintype.server.sdapi.options.table import OPTIONS

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


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("live_previews_enable", "false", False),
        ("live_preview_refresh_period", "250", 250.0),
        ("ESRGAN_tile", 0, 0),
        ("gradio_theme", "Soft", "Soft"),
        ("hidden_tabs", ["Train"], ["Train"]),
        ("quicksettings_list", None, ["sd_model_checkpoint"]),
        ("sd_vae_explanation", "mine", OPTIONS["sd_vae_explanation"].default),
        ("api_enable_requests", False, True),
    ],
)
def test_options_without_effect_are_kept_and_shown(name: str, value: object, kept: object) -> None:
    """Those of A1111's page are of the type A1111 declares; a few say how things are."""
    options = Options(find, find_vae)
    options.set({name: value})

    assert options.values()[name] == kept
    assert options.with_overrides({name: value})[name] == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("live_previews_enable", "whatever"),
        ("ESRGAN_tile", [1]),
        ("ESRGAN_tile", "wide"),
        ("hidden_tabs", "Train"),
        ("gradio_theme", {"a": 1}),
        ("gradio_theme", "\ud800"),
        ("gradio_theme", "x" * 100_000),
        ("code_former_weight", float("nan")),
    ],
)
def test_options_without_effect_have_their_type(name: str, value: object) -> None:
    """What no client could read again is refused by name."""
    options = Options(find, find_vae)
    with pytest.raises(InvalidRequest) as refused:
        options.set({name: value})

    assert refused.value.field == name
    assert options.values()[name] == OPTIONS[name].default


def test_options_of_extensions_are_kept_and_shown() -> None:
    """Clients send back whole what another version or an extension once told them."""
    strangers = {
        "control_net_unit_count": 3,
        "ad_max_models": 2.0,
        "tac_tagFile": ["a"],
        "s_x": None,
    }
    options = Options(find, find_vae)
    options.set(strangers)
    options.set({"tac_tagFile": []})

    assert options.values().items() >= (strangers | {"tac_tagFile": []}).items()
    assert options.with_overrides({"ad_max_models": 5}) == DEFAULTS


def test_marks_of_other_programs_are_never_shown() -> None:
    """Clients would take this server for another one by them."""
    options = Options(find, find_vae)
    options.set({"use_scale_latent_for_hires_fix": True, "sampler_sep_eta": "x"})

    assert not {"use_scale_latent_for_hires_fix", "sampler_sep_eta"} & options.values().keys()


@pytest.mark.parametrize(
    "name", ["CLIP_stop_at_last_layer", "sample_format", "samples_filename_patern", "jpg_quality"]
)
def test_slips_of_the_pen_are_refused(name: str) -> None:
    """A name that is almost one of ours is no extension's; the message says which was meant."""
    options = Options(find, find_vae)
    with pytest.raises(UnknownName, match="did you mean"):
        options.set({name: 1})

    assert name not in options.values()


@pytest.mark.parametrize("name", ["", " ", "x" * 200, "a\nb", "\ud800", "<script>"])
def test_names_that_are_none(name: str) -> None:
    """Not every text is kept as an option's name."""
    with pytest.raises(InvalidRequest):
        Options(find, find_vae).set({name: 1})


def test_strangers_are_not_heard_in_overrides() -> None:
    """A picture asked for with an option nobody knows is not made; the message names it."""
    with pytest.raises(UnknownName, match="no_such_option"):
        Options(find, find_vae).with_overrides({"no_such_option": 1})


def test_overrides_may_stay() -> None:
    """As A1111 leaves them where they are not restored."""
    options = Options(find, find_vae)
    options.keep({"CLIP_stop_at_last_layers": 2, "sd_model_checkpoint": "b"})

    assert options.values()["CLIP_stop_at_last_layers"] == 2
    assert options.with_overrides({})["sd_model_checkpoint"] == "b"


def test_the_title_in_force_pins_nothing() -> None:
    """All options sent back as they came leave the first checkpoint the first."""
    options = Options(find, find_vae)
    options.set(options.values())

    assert options.with_overrides({}) == DEFAULTS


def test_facts_are_shown_and_stay() -> None:
    """How the server was started decides, whatever calls send."""
    options = Options(find, find_vae, facts={"api_enable_requests": False})
    options.set({"api_enable_requests": True})

    assert options.values()["api_enable_requests"] is False


def test_options_outlive_the_server(tmp_path: Path) -> None:
    """What is set is on disk, and only what differs from the defaults."""
    file = JsonFile(tmp_path / "options.json")
    options = Options(find, find_vae, file)
    options.set(options.values())
    assert not file.path.exists()
    options.set({"CLIP_stop_at_last_layers": 2, "sd_vae": "anime.pt", "ad_x": [1], "tiling": True})
    options.set({"tiling": None})
    again = Options(find, find_vae, file)

    assert again.values() == options.values()
    assert json.loads(file.path.read_text()) == {
        "CLIP_stop_at_last_layers": 2,
        "ad_x": [1],
        "sd_vae": "Anime.pt",
    }


def test_overrides_that_stay_are_not_written(tmp_path: Path) -> None:
    """Not until somebody sets options; A1111 does the same."""
    file = JsonFile(tmp_path / "options.json")
    options = Options(find, find_vae, file)
    options.keep({"CLIP_stop_at_last_layers": 2})

    assert Options(find, find_vae, file).with_overrides({}) == DEFAULTS
    options.set({"tiling": True})
    assert Options(find, find_vae, file).with_overrides({})["CLIP_stop_at_last_layers"] == 2


def test_what_cannot_be_had_any_more_is_said_and_not_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A value nobody can read is left out, named in the log, and the file kept as it was."""
    file = JsonFile(tmp_path / "options.json")
    file.path.write_text('{"CLIP_stop_at_last_layers": 99, "tiling": true, "sd_vae": "gone.pt"}')
    options = Options(find, find_vae, file)
    options.set({"s_churn": 1})

    assert options.with_overrides({})["tiling"] is True
    assert options.with_overrides({})["sd_vae"] == "gone.pt"
    options.set(options.values())
    assert "CLIP_stop_at_last_layers: 99" in caplog.text
    (aside,) = tmp_path.glob("options-*.json")
    assert '"CLIP_stop_at_last_layers": 99' in aside.read_text()


def test_what_cannot_be_written_is_not_set(tmp_path: Path) -> None:
    """All or nothing counts for the disk too."""
    options = Options(find, find_vae, JsonFile(tmp_path / "data" / "options.json"))
    (tmp_path / "data").touch()
    with pytest.raises(SetupError, match="cannot be"):
        options.set({"tiling": True})

    assert options.with_overrides({}) == DEFAULTS


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


@pytest.mark.parametrize("name", ["ESRGAN_tile", "DAT_tile"])
def test_a_tile_that_no_upscaler_can_see_is_refused(name: str) -> None:
    """At once, not with the next picture that is to be enlarged; 0 is the whole picture."""
    options = Options(find, find_vae)
    for side in (1, 15, -1, 2049, True):
        with pytest.raises(InvalidRequest, match="0 or a whole number from 16 to 2048"):
            options.set({name: side})
    options.set({name: "0"})

    assert options.values()[name] == 0
