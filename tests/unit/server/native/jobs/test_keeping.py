"""What is remembered of a request."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.pictures import as_text, picture_file
from tests.fakes.plans import small_plan

from tintype.server.native.jobs.fields import JobBody
from tintype.server.native.jobs.keeping import (
    asked_again,
    kept_request,
)
from tintype.server.sdapi.asking.asked import Asked
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.work import (
    Label,
    Lines,
    Matrix,
    Pictures,
    Plot,
    PlotAxis,
    Sheet,
    Turns,
    Work,
)
from tintype.server.sdapi.options.table import OPTIONS

PLAIN = Pictures()
DEFAULTS = {name: option.default for name, option in OPTIONS.items()}
PICTURE = as_text(picture_file())
AXIS = PlotAxis(("a", "b"), (("X Type", "Seed"),))


def asked(body: GenerationBody, sheet: Sheet = PLAIN, **options: Any) -> Asked:
    """A body that was understood under these options."""
    return Asked(body, DEFAULTS | options, DEFAULTS, Work((), sheet))


def test_pictures_are_kept_as_digests() -> None:
    """Neither form leaves a picture in what is kept, however it was sent."""
    long = "A" * 5000
    body = JobBody.model_validate(
        {
            "sdapi": {
                "tab": "img2img",
                "body": {
                    "init_images": [PICTURE],
                    "mask": PICTURE,
                    "alwayson_scripts": {"x": {"args": [{"image": long}, "short"]}},
                },
            }
        }
    )
    ours = JobBody.model_validate({"init": {"picture": PICTURE, "mask": {"picture": PICTURE}}})
    kept = [kept_request(one, [small_plan()], None) for one in (body, ours)]

    for one in kept:
        assert PICTURE.encode() not in one
        assert long.encode() not in one
        assert one.count(b"sha256:") >= 2
    args = json.loads(kept[0])["request"]["sdapi"]["body"]["alwayson_scripts"]["x"]["args"]
    assert args[1] == "short"


def test_seeds_and_warnings_are_kept() -> None:
    """Warnings once each, seeds of every image."""
    plans = [replace(small_plan(seed=seed), warnings=("mind", "mind")) for seed in (7, 8)]
    kept = json.loads(kept_request(JobBody(prompt="a"), plans, None))

    assert (kept["seeds"], kept["warnings"]) == ([7, 8], ["mind"])
    assert kept["request"] == {"prompt": "a"}


@pytest.mark.parametrize(
    "sheet",
    [
        Pictures(),
        Lines(next_seed=4),
        Matrix(((Label("a"), Label("b", is_active=False)),), ((Label("c"),),), margin=2),
        Plot(AXIS, AXIS, AXIS, "X/Y/Z plot", True, False, True, 3),  # noqa: FBT003
        Turns(has_sheet=True),
    ],
)
def test_every_sheet_comes_back(sheet: Sheet) -> None:
    """How an answer is laid out survives being written down."""
    understood = asked(Txt2ImgBody(), sheet)
    body = JobBody.model_validate({"sdapi": {"tab": "txt2img", "body": {}}})
    kept = json.loads(kept_request(body, [small_plan()], understood))

    assert asked_again(kept).work.sheet == sheet


def test_body_and_options_come_back() -> None:
    """Fields, and options that differ from their defaults; saving and repeating do not."""
    body = Img2ImgBody(
        prompt="a cat", init_images=[PICTURE], include_init_images=True, save_images=True
    )
    understood = asked(body, samples_format="webp", jpeg_quality=50)
    form = JobBody.model_validate({"sdapi": {"tab": "img2img", "body": {}}})
    again = asked_again(json.loads(kept_request(form, [small_plan()], understood)))

    assert isinstance(again.body, Img2ImgBody)
    assert (again.body.prompt, again.body.save_images) == ("a cat", False)
    assert again.body.parameters()["init_images"] is None
    assert (again.options["samples_format"], again.options["jpeg_quality"]) == ("webp", 50)
    assert again.own_options == DEFAULTS
