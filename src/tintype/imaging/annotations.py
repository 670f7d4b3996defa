"""Words above and beside a sheet of pictures, for comparisons along two axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from tintype.imaging.resize import Size

_INK, _FADED = "#000000", "#999999"
_BACKGROUND = "#ffffff"
_SMALLEST_FONT = 6

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Label:
    """A few words. What is not in force is faded and struck through."""

    text: str
    is_active: bool = True


Labels = Sequence[Label]


@dataclass(frozen=True, slots=True)
class _Block:
    """Labels under each other, broken into lines that fit a width."""

    lines: tuple[Label, ...]
    font: Font
    line_height: int

    @property
    def height(self) -> int:
        return self.line_height * len(self.lines)


def annotated(
    sheet: Image.Image,
    columns: Sequence[Labels],
    rows: Sequence[Labels],
    margin: int = 0,
) -> Image.Image:
    """The sheet (RGB) with labels above its columns and left of its rows.

    Args:
        sheet: pictures of one size, without gaps.
        columns: labels of each column, at least one column; they may be empty.
        rows: labels of each row, likewise.
        margin: pixels put between neighbouring pictures.
    """
    cell = (sheet.width // len(columns), sheet.height // len(rows))
    left = cell[0] * 3 // 4 if any(label.text for labels in rows for label in labels) else 0
    size = (cell[0] + cell[1]) // 25
    above = [_block(labels, size, cell[0]) for labels in columns]
    beside = [_block(labels, size, left) for labels in rows]
    tallest = max(block.height for block in above)
    top = tallest + 2 * above[0].line_height if tallest else 0
    picture = _spread(sheet, cell, (left, top), (len(columns), len(rows)), margin)
    pen = ImageDraw.Draw(picture)
    for index, block in enumerate(above):
        _write(pen, block, left + index * (cell[0] + margin) + cell[0] // 2, top // 2)
    for index, block in enumerate(beside):
        _write(pen, block, left // 2, top + index * (cell[1] + margin) + cell[1] // 2)
    return picture


def _spread(sheet: Image.Image, cell: Size, corner: Size, counts: Size, margin: int) -> Image.Image:
    """The sheet's pictures with a margin between them, below and right of the labels."""
    width = corner[0] + counts[0] * cell[0] + (counts[0] - 1) * margin
    height = corner[1] + counts[1] * cell[1] + (counts[1] - 1) * margin
    picture = Image.new("RGB", (width, height), _BACKGROUND)
    for row in range(counts[1]):
        for column in range(counts[0]):
            x, y = column * cell[0], row * cell[1]
            place = (corner[0] + x + column * margin, corner[1] + y + row * margin)
            picture.paste(sheet.crop((x, y, x + cell[0], y + cell[1])), place)
    return picture


def _block(labels: Labels, size: int, width: int) -> _Block:
    """The labels in the largest font, up to `size`, in which every word fits the width."""
    wanted = [label for label in labels if label.text]
    words = [word for label in wanted for word in label.text.split()]
    size = max(size, _SMALLEST_FONT)
    font = ImageFont.load_default(size)
    while size > _SMALLEST_FONT and any(font.getlength(word) > width for word in words):
        size -= 1
        font = ImageFont.load_default(size)
    lines = tuple(
        Label(line, label.is_active)
        for label in wanted
        for line in _broken(label.text, font, width)
    )
    return _Block(lines, font, size * 5 // 4)


def _broken(text: str, font: Font, width: int) -> list[str]:
    """The text in lines, broken between words where it is longer than the width."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _write(pen: ImageDraw.ImageDraw, block: _Block, x: int, y: int) -> None:
    """The block around the point (x, y)."""
    y -= block.height // 2
    for line in block.lines:
        half = round(block.font.getlength(line.text) / 2)
        colour = _INK if line.is_active else _FADED
        pen.text((x - half, y), line.text, fill=colour, font=block.font)
        if not line.is_active:
            middle = y + block.line_height // 2
            pen.line((x - half, middle, x + half, middle), fill=colour)
        y += block.line_height
