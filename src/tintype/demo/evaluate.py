"""Judge the demo model: how often does a picture show what its prompt says?

python -m tintype.demo.evaluate --out docs/reference/tintype-shapes.json
"""

import argparse
import json
from itertools import cycle
from pathlib import Path
from random import Random

from tintype.core.jobs import Event, ImageDone
from tintype.demo.checkpoint import CHECKPOINT
from tintype.demo.draw import COLOURS, SHAPES, Scene, Thing
from tintype.demo.judge import Verdict, judge
from tintype.demo.paint import demo_plan, demo_record, paint
from tintype.demo.scenes import random_scene, words_for


def single_scenes(count: int) -> list[Scene]:
    """Every colour with every shape, in a fixed shuffled order, backgrounds taking turns."""
    random = Random(12)
    pairs = [(colour, shape) for colour in COLOURS for shape in SHAPES]
    random.shuffle(pairs)
    backgrounds = cycle(random.sample(list(COLOURS), len(COLOURS)))
    scenes: list[Scene] = []
    for colour, shape in (pairs * (count // len(pairs) + 1))[:count]:
        background = next(b for b in backgrounds if b != colour)
        scenes.append(Scene(background, (Thing(colour, shape),)))
    return scenes


def double_scenes(count: int) -> list[Scene]:
    """Random pairs of things."""
    random = Random(34)
    return [random_scene(random, 2) for _ in range(count)]


def share(flags: list[bool]) -> float:
    """Part of the flags that are true."""
    return round(sum(flags) / len(flags), 4)


def summary(verdicts: list[Verdict]) -> dict[str, float]:
    """Shares of pictures whose background, colours, shapes and all of them are right."""
    return {
        "pictures": len(verdicts),
        "background": share([v.background for v in verdicts]),
        "colour": share([flag for v in verdicts for flag in v.colours]),
        "shape": share([flag for v in verdicts for flag in v.shapes]),
        "all": share([v.is_right for v in verdicts]),
    }


def evaluate(checkpoint: Path, count: int, side: int) -> dict[str, dict[str, float]]:
    """Paint and judge `count` prompts with one thing and `count` with two."""
    from rich.progress import Progress

    record, results = demo_record(checkpoint), dict[str, dict[str, float]]()
    for name, scenes in (("one", single_scenes(count)), ("two", double_scenes(count))):
        plans = [demo_plan(words_for(s), seed, record, side) for seed, s in enumerate(scenes)]
        with Progress() as progress:
            bar = progress.add_task(f"{name}, {side}²", total=count)

            def tell(event: Event) -> None:
                if isinstance(event, ImageDone):
                    progress.advance(bar)  # noqa: B023 - called inside this turn only

            pictures = paint(plans, tell)
        results[name] = summary([judge(p, s) for p, s in zip(pictures, scenes, strict=True)])
    return results


def main() -> None:
    """Read the command line, judge, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--count", type=int, default=208)
    parser.add_argument("--side", type=int, nargs="+", default=[256])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results = {f"{s}²": evaluate(options.checkpoint, options.count, s) for s in options.side}
    text = json.dumps(results, indent=2, ensure_ascii=False)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
