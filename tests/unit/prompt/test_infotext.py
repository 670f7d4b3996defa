"""A1111's infotext, written and read."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tintype.prompt import FieldValue, Infotext, read_infotext, write_infotext

_HEAD = "Steps: 8, Sampler: Euler, CFG scale: 7.0, Seed: 1"
_TINY = "Model hash: c2c01196e8, Model: tiny-ldm"
_CAT = "a photo of a cat\nNegative prompt: blurry\n"
_USUAL = f"{_HEAD}, Size: 64x64, {_TINY}, RNG: CPU, Version: 1.8.0-RC"
_IMG2IMG = f"{_CAT}{_HEAD}, Size: 64x64, {_TINY}, Denoising strength:"

# Recorded from A1111 1.8.0: what it wrote for pictures it made.
RECORDED = [
    f"a photo of a cat\n{_USUAL}",
    f"Negative prompt: blurry\n{_USUAL}",
    f"un café à la crème, 猫の写真, 🐈\nNegative prompt: blurry\n{_USUAL}",
    f"a red cat\nBREAK\na blue dog\nNegative prompt: blurry\n{_USUAL}",
    f"a cat: black\nNegative prompt: blurry\n{_USUAL}",
    f"a photo of a cat <lora:tiny-lora:0.5> <lora:tiny-lora:0.3>\nNegative prompt: blurry\n{_HEAD},"
    f" Size: 64x64, {_TINY}, RNG: CPU,"
    ' Lora hashes: "tiny-lora: ebb199edba15, tiny-lora: ebb199edba15", Version: 1.8.0-RC',
    f"a photo of a cat\nNegative prompt: tiny-ti\n{_HEAD}, Size: 64x64, {_TINY}, RNG: CPU,"
    ' TI hashes: "tiny-ti: 6e602cd86d41", Version: 1.8.0-RC',
    f"{_CAT}{_HEAD}, Size: 96x80, {_TINY}, Seed resize from: 64x64, RNG: CPU, Version: 1.8.0-RC",
    f"{_IMG2IMG} 0.5, RNG: CPU, Extra noise: 0.1, Version: 1.8.0-RC",
    f"{_IMG2IMG} 0.6, RNG: CPU, Hires resize: 96x0, Hires upscaler: Latent, Version: 1.8.0-RC",
    f"{_IMG2IMG} 0.6, RNG: CPU, Hires prompt: a dog, Hires negative prompt: noise,"
    " Hires upscale: 2.0, Hires upscaler: Latent, Version: 1.8.0-RC",
    f"{_IMG2IMG} 0.75, RNG: CPU, Mask mode: Inpaint not masked, Mask blur: 4,"
    " Inpaint area: Only masked, Masked area padding: 0, Version: 1.8.0-RC",
    f"{_IMG2IMG} 0.75, RNG: CPU, Soft inpainting enabled: True, Soft inpainting schedule bias: 1,"
    " Soft inpainting preservation strength: 0.5, Soft inpainting transition contrast boost: 4,"
    " Soft inpainting mask influence: 0, Soft inpainting difference threshold: 0.5,"
    " Soft inpainting difference contrast: 2, Mask blur: 4, Version: 1.8.0-RC",
]

lines = st.text(max_size=20).map(lambda text: text.replace("\n", " ").strip())
prompts = st.lists(lines, max_size=4).map(lambda some: "\n".join(some).strip())
keys = st.from_regex(r"[A-Za-z][A-Za-z0-9 /-]*[A-Za-z0-9]", fullmatch=True)
numbers = st.integers() | st.floats(allow_nan=False) | st.booleans()
values = numbers | st.none() | st.text(max_size=20).filter(lambda text: _is_readable(text))
fields = st.dictionaries(keys, values, min_size=3, max_size=8)


def _is_readable(value: str) -> bool:
    """Whether A1111's layout keeps this value: bare ones lose outer blanks and outer quotes."""
    is_quoted = any(sign in value for sign in ",:\n")
    return is_quoted or (value == value.strip() and not value.startswith('"'))


@pytest.mark.parametrize("text", RECORDED)
def test_recorded(text: str) -> None:
    """What A1111 wrote comes through reading and writing unchanged."""
    assert write_infotext(read_infotext(text)) == text


def test_layout() -> None:
    """Prompt, negative prompt and fields take a line each, fields in the order given."""
    values: dict[str, FieldValue] = {"Steps": 4, "CFG scale": 7.0, "Size": "64x64", "Tiling": True}
    text = write_infotext(Infotext("a cat", "dog", values))
    assert text == (
        "a cat\nNegative prompt: dog\nSteps: 4, CFG scale: 7.0, Size: 64x64, Tiling: True"
    )


@pytest.mark.parametrize(
    ("infotext", "text"),
    [
        (Infotext("a cat"), "a cat"),
        (Infotext("a cat", "dog"), "a cat\nNegative prompt: dog"),
        (Infotext("", "", {"Steps": 4}), "Steps: 4"),
        (Infotext(), ""),
        (Infotext("a", "", {"Steps": 4, "VAE": None, "Seed": 0}), "a\nSteps: 4, Seed: 0"),
        (Infotext("a", "", {"Steps": 4, "Foo": "Foo"}), "a\nSteps: 4, Foo"),
        (Infotext("a", "", {"TI": "x: é"}), 'a\nTI: "x: é"'),
        (Infotext("a", "", {"Hi": 'one, "two"'}), 'a\nHi: "one, \\"two\\""'),
        (Infotext("a", "", {"Hi": "one\ntwo"}), 'a\nHi: "one\\ntwo"'),
        (Infotext("a", "", {"Hi": 'say "two"'}), 'a\nHi: say "two"'),
    ],
)
def test_writing(infotext: Infotext, text: str) -> None:
    """Empty parts and None are left out; commas, colons and line breaks ask for quotes."""
    assert write_infotext(infotext) == text


@settings(deadline=None, derandomize=True)
@given(prompt=prompts, negative_prompt=prompts, fields=fields)
def test_round_trip(prompt: str, negative_prompt: str, fields: dict[str, FieldValue]) -> None:
    """Reading what was written gives the same again, values as text."""
    present = {key: value for key, value in fields.items() if value is not None}
    assume(len(present) >= 3 and all(key != value for key, value in present.items()))
    text = write_infotext(Infotext(prompt, negative_prompt, fields))
    expected = {key: str(value) for key, value in present.items()}
    assert read_infotext(text) == Infotext(prompt, negative_prompt, expected)


@settings(deadline=None, derandomize=True)
@given(text=st.text(st.sampled_from('ab :,"\\-/.\nNegative prompt'), max_size=80))
def test_any_text(text: str) -> None:
    """Any text is an infotext, with text in its fields."""
    assert all(isinstance(value, str) for value in read_infotext(text).fields.values())


def test_prompt_alone() -> None:
    """A last line with fewer than three fields belongs to the prompt."""
    text = "a cat\nSteps: 8, Seed: 1"
    assert read_infotext(text) == Infotext(text)


def test_fields_alone() -> None:
    """A single line of fields has no prompt."""
    read = read_infotext("Steps: 8, Seed: 1, Size: 64x64")
    assert read == Infotext(fields={"Steps": "8", "Seed": "1", "Size": "64x64"})


def test_lines_are_tidied() -> None:
    """Blanks at both ends of each line go, empty lines within a prompt stay."""
    read = read_infotext(" a cat \r\n\n\ta dog\nNegative prompt:\n blur \n\nAa: 1, Bb: 2, Cc: 3\n")
    assert read.prompt == "a cat\n\na dog"
    assert read.negative_prompt == "blur\n"
    assert read.fields == {"Aa": "1", "Bb": "2", "Cc": "3"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('"one, two"', "one, two"),
        ('"a \\"b\\" \\u00e9"', 'a "b" é'),
        ('"bad \\x escape, two"', '"bad \\x escape, two"'),
        ('"open', '"open'),
        ('"one" two', '"one" two'),
        ("", ""),
        ("512x768", "512x768"),
    ],
)
def test_values(line: str, value: str) -> None:
    """Quoted values are JSON where they can be, everything else stays as written."""
    assert read_infotext(f"a\nSteps: 8, Key: {line}, Seed: 1").fields["Key"] == value


def test_names_alone_are_passed_over() -> None:
    """A name without value counts for nothing, as in A1111, and a name twice counts once."""
    read = read_infotext("a\nFoo, Steps: 8, x: 1, Seed: 1, ControlNet 0: y, Seed: 2")
    assert read.fields == {"Steps": "8", "Seed": "2", "ControlNet 0": "y"}


@pytest.mark.parametrize("piece", ["a", "-", " ", "a:", 'ab: "', 'ab: "\\', '"', "ab: ", "\\"])
def test_hostile_lines(piece: str) -> None:
    """A line of a million signs is read, whatever it repeats."""
    assert read_infotext("a cat\n" + piece * (1_000_000 // len(piece)) + ".").prompt[:5] == "a cat"
