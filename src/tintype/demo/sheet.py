"""Paint the contact sheet: `python -m tintype.demo.sheet docs/images/contact-sheet.png`."""

import argparse
from pathlib import Path

from PIL import Image

from tintype.demo.draw import COLOURS, SHAPES
from tintype.demo.paint import demo_plan, demo_record, paint

GAP = 8  # pixels between pictures
ROWS = 6


def prompts() -> list[str]:
    """Four rows of every shape in turn, the colours wandering; then two rows of two things."""
    colours, shapes = list(COLOURS), list(SHAPES)
    ones = [
        f"a {colours[(row * 5 + column) % 12]} {shape}"
        f" on a {colours[(row * 5 + column * 7 + 4) % 12]} background"
        for row in range(ROWS - 2)
        for column, shape in enumerate(shapes)
    ]
    twos = [
        f"a {colours[(row * 3 + column) % 12]} {shape} and a"
        f" {colours[(row * 3 + column * 5 + 7) % 12]} {shapes[(column + 3 + row) % 8]}"
        f" on a {colours[(row * 3 + column * 7 + 10) % 12]} background"
        for row in range(2)
        for column, shape in enumerate(shapes)
    ]
    return ones + twos


def sheet(pictures: list[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size in rows, on white."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // columns)
    page = Image.new(
        "RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), (255, 255, 255)
    )
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        page.paste(picture, (GAP + column * (width + GAP), GAP + row * (height + GAP)))
    return page


def main() -> None:
    """Read the command line and paint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--side", type=int, default=256)
    options = parser.parse_args()
    record = demo_record()
    plans = [demo_plan(text, seed, record, options.side) for seed, text in enumerate(prompts())]
    page = sheet(paint(plans), len(SHAPES))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    page.save(options.out, optimize=True)


if __name__ == "__main__":
    main()
