"""The demo model is asked for meaning: is the star red?"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tintype.cli.generate import Errand, generate, prepare
from tintype.core.requests import Request
from tintype.core.sampler_settings import NoiseSettings
from tintype.demo.checkpoint import CHECKPOINT
from tintype.demo.draw import COLOURS, Scene, Thing
from tintype.demo.evaluate import single_scenes
from tintype.demo.judge import judge
from tintype.demo.paint import demo_plan, demo_record, paint
from tintype.demo.scenes import words_for
from tintype.modelstore import ModelStore
from tintype.modelstore.native_size import native_size
from tintype.settings import DEMO_TREE, read_settings

README_PICTURE = Path(__file__).parents[2] / "docs" / "images" / "star.png"
RED_STAR = Scene("blue", (Thing("red", "star"),))


def test_the_file_is_small_and_found() -> None:
    """The packaged tree has one checkpoint of at most 20 MB, whose own size is 256 × 256."""
    (record,) = ModelStore([DEMO_TREE]).checkpoints()
    assert record.path == CHECKPOINT
    assert record.bytes <= 20_000_000
    assert native_size(record) == (256, 256)


def test_the_picture_of_the_readme(tmp_path: Path) -> None:
    """The README's command makes the README's picture, on any processor within 1 of 255."""
    settings = read_settings({"data": tmp_path, "device": "cpu"}, {})
    request = Request("a red star on a blue background", seed=4, sampler="DPM++ 2M Karras")
    settled = prepare(settings, Errand(request, None, tmp_path / "star.png"))
    (written,) = generate(settled, tmp_path / "star.png", "cpu", lambda event: None)
    ours, wanted = (
        np.asarray(Image.open(path).convert("RGB")).astype(int)
        for path in (written, README_PICTURE)
    )
    assert np.abs(ours - wanted).max() <= 1


def test_pictures_show_what_prompts_say() -> None:
    """Of twelve prompts, every colour once, nearly all pictures are right in every respect."""
    scenes = {scene.things[0].colour: scene for scene in single_scenes(96)}
    record = demo_record()
    plans = [demo_plan(words_for(scene), 1, record) for scene in scenes.values()]
    verdicts = [
        judge(picture, scene) for picture, scene in zip(paint(plans), scenes.values(), strict=True)
    ]
    assert len(scenes) == len(COLOURS)
    assert sum(verdict.is_right for verdict in verdicts) >= 10


@pytest.mark.parametrize("size", [(128, 128), (192, 256), (512, 512)])
def test_other_sizes(size: tuple[int, int]) -> None:
    """What should be red is red at other sizes too, with most seeds."""
    plan = demo_plan(words_for(RED_STAR), 0, demo_record())
    plans = [
        replace(plan, width=size[0], height=size[1], noise=NoiseSettings(seed)) for seed in range(3)
    ]
    assert sum(judge(picture, RED_STAR).colours[0] for picture in paint(plans)) >= 2


def test_the_negative_prompt_pushes_away() -> None:
    """What the negative prompt names is not painted."""
    plan = demo_plan("a star on a blue background", 5, demo_record())
    (picture,) = paint([replace(plan, negative_prompt="a red star on a blue background")])
    assert judge(picture, RED_STAR).colours == (False,)
