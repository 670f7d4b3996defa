"""What becomes of prompts: styles, comments, networks, embeddings, traps."""

from pathlib import Path

import pytest
from tests.fakes.library import make_library
from tests.fakes.library import planned as plans_of
from tests.fakes.small_models import LORA, safetensors

from tintype.core.requests import HiresRequest, Plan, Request
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest
from tintype.planning import Library


def planned(library: Library, prompt: str = "", negative: str = "", **fields: object) -> Plan:
    """The plan of one picture."""
    return plans_of(Request(prompt, negative, **fields), library)[0]  # type: ignore[arg-type]


def scales(plan: Plan) -> list[tuple[str, float, float]]:
    """Name, text scale and U-Net scale of each adapter."""
    return [(a.record.name, a.text_scale, a.unet_scale) for a in plan.network.adapters]


def test_styles_are_applied_in_their_order(library: Library) -> None:
    """Around the prompt where `{prompt}` stands, else behind it; both prompts have their own."""
    plan = planned(library, "a cat", "a dog", styles=("Lucky", "Noir"))
    assert plan.prompt == "black and white, a cat, four-leaf clover, film grain"
    assert plan.negative_prompt == "a dog, colour"
    assert plan.styles == ("Lucky", "Noir")


def test_unknown_styles_change_nothing(library: Library) -> None:
    """A style nobody saved is passed over, as in A1111."""
    assert planned(library, "a cat", styles=("No such",)).prompt == "a cat"


def test_styles_are_applied_to_the_prompts_of_a_hires_pass(library: Library) -> None:
    """A hires prompt of its own wears the same styles; without one it is the first prompt."""
    hires = HiresRequest(0.5, prompt="a dog")
    plan = planned(library, "a cat", "rain", styles=("Noir",), hires=hires)
    assert plan.hires is not None
    assert plan.hires.prompt == "black and white, a dog, film grain"
    assert plan.hires.negative_prompt == plan.negative_prompt == "rain, colour"


def test_comments_are_taken_out(library: Library) -> None:
    """From `#` to the end of its line, unless comments are kept."""
    assert planned(library, "a cat # orange").prompt.strip() == "a cat"
    kept = planned(library, "a cat # orange", text=TextSettings(keeps_comments=True))
    assert kept.prompt == "a cat # orange"


def test_networks_of_the_prompt(library: Library) -> None:
    """Each tag is an adapter with its scales and its hash; the prompt keeps its tags."""
    plan = planned(library, "a cat <lora:wool:0.5> <lora:ink:1:0.25>")
    assert scales(plan) == [("wool", 0.5, 0.5), ("ink", 1.0, 0.25)]
    assert plan.prompt == "a cat <lora:wool:0.5> <lora:ink:1:0.25>"
    assert all(len(a.record.hash or "") == 12 for a in plan.network.adapters)
    assert plan.warnings == ()


def test_networks_of_the_negative_prompt_are_words(library: Library) -> None:
    """A1111 looks for tags in the prompt alone."""
    assert planned(library, "a cat", "<lora:ink:1>").network.adapters == ()


def test_unheeded_networks(library: Library) -> None:
    """With networks disabled the tags are no adapters."""
    assert planned(library, "<lora:ink:1>", uses_networks=False).network.adapters == ()


@pytest.mark.parametrize(
    ("prompt", "warning"),
    [
        ("a cat <lora:lost:1>", "LoRA 'lost' was not found and left out"),
        ("<hypernet:ink:1>", "<hypernet:…> is no kind of network known here; it was left out"),
    ],
)
def test_networks_that_cannot_be_had(prompt: str, warning: str, library: Library) -> None:
    """They are left out with a warning, and the picture is made."""
    plan = planned(library, f"{prompt} <lora:ink:1>")
    assert plan.warnings == (warning,)
    assert scales(plan) == [("ink", 1.0, 1.0)]


@pytest.mark.parametrize("tag", ["<lora:ink:1e308>", "<lora:ink:-1001>", "<lora:ink:1:unet=1e5>"])
def test_factors_without_measure(tag: str, library: Library) -> None:
    """A factor that no number on a device can hold is refused before anything is painted."""
    with pytest.raises(InvalidRequest, match="'ink' has a factor beyond 1000"):
        planned(library, tag)


def test_a_network_named_twice(library: Library) -> None:
    """It is applied twice, each time as its last tag says, and somebody is told."""
    plan = planned(library, "<lora:ink:0.2> <lora:wool:1> <lora:ink:0.7>")
    assert scales(plan) == [("ink", 0.7, 0.7), ("wool", 1.0, 1.0), ("ink", 0.7, 0.7)]
    (warning,) = plan.warnings
    assert "twice" in warning


@pytest.mark.parametrize("prompt", ["ratio 16:9", "a cat :9", "ratio 16:9 <lora:ink:1>"])
def test_a_colon_and_a_number_at_the_end(prompt: str, library: Library) -> None:
    """The whole prompt is weighted by it, and whoever wrote it is told."""
    (warning,) = planned(library, prompt).warnings
    assert "weighted by 9" in warning


@pytest.mark.parametrize("prompt", ["16:9, a cat", "a cat :2 AND a dog :3", "a cat: nine", "a :1"])
def test_colons_that_are_no_trap(prompt: str, library: Library) -> None:
    """Weights of parts, and colons elsewhere, are what was meant."""
    assert planned(library, prompt).warnings == ()


def test_embeddings(library: Library) -> None:
    """Those that the prompts name, in either of them or in the hires pass, with their hash."""
    assert planned(library, "a cat").embeddings == ()
    for plan in (
        planned(library, "a moth"),
        planned(library, "a cat", "(moth:1.2)"),
        planned(library, "a [cat:moth:0.5]"),
        planned(library, "a cat", hires=HiresRequest(0.5, prompt="moth")),
    ):
        (record,) = plan.embeddings
        assert (record.name, len(record.hash or "")) == ("moth", 12)


def test_embeddings_of_other_networks(library: Library) -> None:
    """One whose vectors do not fit the checkpoint is a word like others."""
    assert planned(library, "a whale").embeddings == ()


def test_weights_that_are_no_numbers(library: Library) -> None:
    """A prompt that cannot be read is refused before anybody computes."""
    with pytest.raises(InvalidRequest, match="prompt: "):
        planned(library, "(a cat:1.2.3)")


def test_parts_without_end_are_refused(library: Library) -> None:
    """More parts than a pass has rows for, or one of infinite weight, say so in words."""
    planned(library, " AND ".join(["a"] * 32))
    with pytest.raises(InvalidRequest, match="33 parts joined by AND"):
        planned(library, " AND ".join(["a"] * 33))
    with pytest.raises(InvalidRequest, match="weight beyond 1000"):
        planned(library, f"a AND b:{'9' * 400}")


def test_words_that_a_lora_brings_along(tmp_path: Path) -> None:
    """Embeddings in a LoRA's file are known while it is named; files of their own come first."""
    library = make_library(tmp_path)
    parts = {f"bundle_emb.{name}.string_to_param.*": (3, 768) for name in ("glowing", "moth")}
    parts |= {"bundle_emb.wide.clip_l": (2, 768), "bundle_emb.wide.clip_g": (2, 1280)}
    lora = tmp_path / "models" / "Lora" / "glow.safetensors"
    lora.write_bytes(safetensors({**LORA, **parts}))
    prompt = "a glowing moth, wide"
    named = planned(library, f"{prompt} <lora:glow:1>")
    assert [(e.name, e.vectors, e.is_bundled) for e in named.embeddings] == [
        ("glowing", 3, True),
        ("moth", 2, False),
    ]
    assert named.embeddings[0].path == lora
    assert named.embeddings[0].hash == named.network.adapters[0].record.hash
    assert [e.name for e in planned(library, prompt).embeddings] == ["moth"]
