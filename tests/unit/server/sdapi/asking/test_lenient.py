"""Fields as forgiving as A1111's."""

import pytest
from pydantic import ValidationError

from tintype.server.sdapi.asking.fields import Txt2ImgBody

PROMPTS = {"prompt", "negative_prompt"}


@pytest.mark.parametrize(
    ("value", "meant"), [("20", 20), (20.7, 20), (" 7 ", 7), (True, 1), (-1, -1)]
)
def test_integers(value: object, meant: int) -> None:
    """Whole numbers in strings, and floats cut off."""
    assert Txt2ImgBody.model_validate({"seed": value}).seed == meant


@pytest.mark.parametrize("value", ["20.5", "", [1], {}, 1e400])
def test_no_integers(value: object) -> None:
    """What has no whole number in it is refused."""
    with pytest.raises(ValidationError, match="not a valid integer"):
        Txt2ImgBody.model_validate({"seed": value})


@pytest.mark.parametrize("value", ["x", [7.0], float("nan"), float("inf"), 10**400])
def test_no_numbers(value: object) -> None:
    """Numbers are finite."""
    with pytest.raises(ValidationError, match="not a valid float"):
        Txt2ImgBody.model_validate({"cfg_scale": value})


@pytest.mark.parametrize(
    ("value", "meant"), [("on", True), ("True", True), (1, True), ("no", False), (0, False)]
)
def test_booleans(value: object, meant: object) -> None:
    """The words pydantic 1 knows."""
    assert Txt2ImgBody.model_validate({"save_images": value}).save_images is meant


def test_text_may_be_a_number() -> None:
    """A prompt of 42 is the prompt "42"."""
    assert Txt2ImgBody.model_validate({"prompt": 42}).prompt == "42"


def test_null_is_the_default_of_every_field() -> None:
    """A body of nulls is an empty body, but for the prompts."""
    nulls = dict.fromkeys(Txt2ImgBody.model_fields.keys() - PROMPTS)

    assert Txt2ImgBody.model_validate(nulls) == Txt2ImgBody()


@pytest.mark.parametrize("field", sorted(PROMPTS))
def test_null_is_no_prompt(field: str) -> None:
    """Null where words belong is somebody's mistake; no words are left out or empty."""
    with pytest.raises(ValidationError, match="not null"):
        Txt2ImgBody.model_validate({field: None})


@pytest.mark.parametrize("value", [10**4299, "9" * 4300, 1e308, -(10**40)])
def test_integers_beyond_any_use(value: object) -> None:
    """Integers so large that Python cannot even print their sums are refused."""
    with pytest.raises(ValidationError, match="not a valid integer"):
        Txt2ImgBody.model_validate({"n_iter": value})


@pytest.mark.parametrize(
    "fields", [{"comments": {"a": [float("nan")]}}, {"script_args": [float("-inf")]}]
)
def test_no_numbers_that_json_lacks(fields: dict[str, object]) -> None:
    """NaN and infinities are refused however deep, for `parameters` would repeat them."""
    with pytest.raises(ValidationError, match="not finite"):
        Txt2ImgBody.model_validate(fields)
