"""Network tags taken out of prompts, and what LoRA tags ask for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.errors import InvalidRequest
from tintype.prompt import NetworkTag, lora_scales, split_networks


@pytest.mark.parametrize(
    ("text", "rest", "tags"),
    [
        ("a, <lora:x:1>, b", "a, , b", [NetworkTag("lora", ("x", "1"), ())]),
        ("a cat <thing:x>", "a cat ", [NetworkTag("thing", ("x",), ())]),
        ("[<lora:x:1>::0.5]", "[::0.5]", [NetworkTag("lora", ("x", "1"), ())]),
        ("(<lora:x:1>:1.2)", "(:1.2)", [NetworkTag("lora", ("x", "1"), ())]),
        (
            "<lora:a:te=0.2:unet=0.9:dyn=4>",
            "",
            [NetworkTag("lora", ("a",), (("te", "0.2"), ("unet", "0.9"), ("dyn", "4")))],
        ),
        ("<l:a=b=c>", "", [NetworkTag("l", (), (("a", "b=c"),))]),
        ("<a:<b:c>>", ">", [NetworkTag("a", ("<b", "c"), ())]),
        ("<a:x\ny>", "", [NetworkTag("a", ("x\ny",), ())]),
        ("<b> <a:> <:x> < a:x> <a b:x> a:x>", "<b> <a:> <:x> < a:x> <a b:x> a:x>", []),
        ("", "", []),
    ],
)
def test_split(text: str, rest: str, tags: list[NetworkTag]) -> None:
    """A tag is taken out with nothing in its place; what is no tag stays."""
    assert split_networks(text) == (rest, tuple(tags))


@pytest.mark.parametrize(
    ("text", "scales"),
    [
        ("<lora:x>", ("x", 1.0, 1.0, None)),
        ("<lora:x:0.7>", ("x", 0.7, 0.7, None)),
        ("<lora:x:0.7:0.5>", ("x", 0.7, 0.5, None)),
        ("<lora:x:0.7:0.5:8>", ("x", 0.7, 0.5, 8)),
        ("<lora:x:te=0.2:unet=0.9:dyn=4>", ("x", 0.2, 0.9, 4)),
        ("<lora:x:te=0.2>", ("x", 0.2, 0.2, None)),
        ("<lora:x:unet=0.9>", ("x", 1.0, 0.9, None)),
        ("<lora:x:0.3:te=0.2>", ("x", 0.2, 0.2, None)),
        ("<lyco:x:-0.5>", ("x", -0.5, -0.5, None)),
    ],
)
def test_scales(text: str, scales: tuple[str, float, float, int | None]) -> None:
    """The U-Net's factor is the text encoder's unless given, and that one is 1 by default."""
    assert lora_scales(split_networks(text)[1][0]) == scales


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<lora:x:strong>", "'strong' of the LoRA 'x' is not a number"),
        ("<lora:x:nan>", "'nan' of the LoRA 'x' is not a number"),
        ("<lora:x::0.5>", "'' of the LoRA 'x' is not a number"),
        ("<lora:x:1:te=a>", "'a' of the LoRA 'x' is not a number"),
        ("<lora:x:1:1:2.5>", "rank '2.5' of the LoRA 'x' is not a whole number"),
        ("<lora:x:dyn=0>", "rank '0' of the LoRA 'x' is not a whole number"),
        ("<lora:te=1>", "a <lora:…> tag names no file"),
    ],
)
def test_refusals(text: str, words: str) -> None:
    """A factor or rank that is none is refused with its words, where A1111 skips the network."""
    with pytest.raises(InvalidRequest, match=r"^prompt: ") as refusal:
        lora_scales(split_networks(text)[1][0])
    assert words in str(refusal.value)


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("<>:=aé_ \n"), max_size=60))
def test_any_text(text: str) -> None:
    """What remains holds no more than there was, and with no tags it is the text itself."""
    rest, tags = split_networks(text)
    assert len(rest) <= len(text)
    assert tags or rest == text


@pytest.mark.parametrize("piece", ["<", "<a:", "<a", "a>", "<a:b", "<a:b>"])
def test_hostile_text(piece: str) -> None:
    """Fifty thousand signs are read, whatever they repeat."""
    split_networks(piece * (50_000 // len(piece)))
