"""Many pictures on one sheet."""

from collections.abc import Sequence
from math import ceil, isqrt, sqrt

from PIL import Image


def grid_rows(count: int, batch_size: int = 1, rows: int = -1, *, no_gaps: bool = False) -> int:
    """How many rows a sheet of `count` pictures has: at least 1, at most `count`.

    Args:
        count: of pictures, at least 1.
        batch_size: rows where `rows` is 0.
        rows: above 0 exactly these; below 0 about as many as columns.
        no_gaps: of all the ways to leave no place empty the one nearest to a square.
    """
    if rows == 0:
        rows = batch_size
    elif rows < 0 and no_gaps:
        rows = next(r for r in range(isqrt(count), 0, -1) if count % r == 0)
    elif rows < 0:
        rows = round(sqrt(count))
    return max(min(rows, count), 1)


def grid(
    images: Sequence[Image.Image],
    batch_size: int = 1,
    rows: int = -1,
    *,
    no_gaps: bool = False,
    background: str = "#ffffff",
) -> Image.Image:
    """All pictures on one sheet (RGB), row after row, each in the middle of its place.

    Args:
        images: at least one; a place is as large as the largest of them.
        batch_size: see `grid_rows`, as `rows` and `no_gaps`.
        background: colour of what no picture covers, as in CSS.
    """
    row_count = grid_rows(len(images), batch_size, rows, no_gaps=no_gaps)
    column_count = ceil(len(images) / row_count)
    width = max(image.width for image in images)
    height = max(image.height for image in images)
    sheet = Image.new("RGB", (column_count * width, row_count * height), background)
    for index, image in enumerate(images):
        row, column = divmod(index, column_count)
        left = column * width + (width - image.width) // 2
        sheet.paste(image, (left, row * height + (height - image.height) // 2))
    return sheet
