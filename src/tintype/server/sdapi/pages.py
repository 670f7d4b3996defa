"""The pictures of an answer in their order: sheets first, then pictures and what lies beside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tintype.core.jobs import Pixels
from tintype.core.requests import Plan
from tintype.core.scripts import Loopback
from tintype.core.turns import loop_plan
from tintype.planning import Shown, infotext_for
from tintype.server.sdapi.finished import Finished
from tintype.server.sdapi.work import Legend, Lines, Matrix, Pictures, Plot, PlotAxis, Turns

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the answer.

    Attributes:
        image: RGB or RGBA.
        infotext: written into its file.
        seed: for the name of its file; None for a sheet.
        is_beside: it belongs to the one before and has no infotext of its own in `info`.
    """

    image: "Image.Image"
    infotext: str
    seed: int | None = None
    is_beside: bool = False

    @property
    def is_sheet(self) -> bool:
        """Of several pictures."""
        return self.seed is None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything an answer shows.

    Attributes:
        pictures: those that are sent, in order.
        infotexts: as `info` lists them.
        sheets: how many of the pictures, at the beginning, are no pictures of their own.
        kept: sheets and pictures that are kept with `save_images` though they are not sent.
    """

    pictures: Sequence[Picture]
    infotexts: Sequence[str]
    sheets: int = 0
    kept: Sequence[Picture] = ()


def page_of(finished: Finished) -> Page:
    """The page of a job, as its sheet asks for it."""
    sheet = finished.asked.work.sheet
    match sheet:
        case Pictures():
            return _plain(finished)
        case Lines():
            made = _made(finished)
            return Page(made, _listed(made))
        case Matrix():
            return _matrix(finished, sheet)
        case Plot():
            return _plot(finished, sheet)
        case Turns():
            return _turns(finished, sheet)


def image_of(pixels: Pixels) -> "Image.Image":
    """Pixels as Pillow has them."""
    from tintype.imaging import picture_of  # not needed to answer the door

    return picture_of(pixels)


def _told(finished: Finished, plan: Plan, **more: Any) -> str:
    options = finished.asked.options
    shown = Shown(
        model_name=options["add_model_name_to_info"],
        model_hash=options["add_model_hash_to_info"],
        vae_name=options["add_vae_name_to_info"],
        vae_hash=options["add_vae_hash_to_info"],
        version=options["add_version_to_infotext"],
    )
    return infotext_for(plan, finished.version, shown, more or None)


def _made(finished: Finished) -> list[Picture]:
    """What was painted, in the order of the plans; an interrupted job has less."""
    made: list[Picture] = []
    for index, painted in sorted(finished.pictures.items()):
        plan = finished.plans[index]
        picture = Picture(image_of(painted.pixels), _told(finished, plan), plan.seed)
        made.append(picture)
        made += [
            replace(picture, image=image_of(pixels), is_beside=True) for pixels in painted.beside
        ]
    return made


def _listed(pictures: Sequence[Picture]) -> list[str]:
    return [picture.infotext for picture in pictures if not picture.is_beside]


def _plain(finished: Finished) -> Page:
    """A1111 makes a sheet only where somebody keeps it."""
    made, options, body = _made(finished), finished.asked.options, finished.asked.body
    shown = [picture.image for picture in made if not picture.is_beside]
    is_wanted = options["return_grid"] or options["grid_save"]
    enough = len(shown) > 1 or (shown and not options["grid_only_if_multiple"])
    if not (body.save_images and is_wanted and enough):
        return Page(made, _listed(made))
    sheet = Picture(_sheet(finished, shown, options["n_rows"]), made[0].infotext)
    if not options["return_grid"]:
        return Page(made, _listed(made), kept=(sheet,))
    return Page([sheet, *made], [sheet.infotext, *_listed(made)], sheets=1)


def _sheet(finished: Finished, images: Sequence["Image.Image"], rows: int) -> "Image.Image":
    from tintype.imaging import grid

    options = finished.asked.options
    return grid(
        images,
        finished.asked.body.batch_size,
        rows,
        no_gaps=options["grid_prevent_empty_spots"],
        background=options["grid_background_color"],
    )


def _cells(finished: Finished) -> list[Picture]:
    """A picture for every plan; what an interrupted job has not painted is black."""
    from PIL import Image

    cells: list[Picture] = []
    for index, plan in enumerate(finished.plans):
        painted = finished.pictures.get(index)
        size = plan.width // 8 * 8, plan.height // 8 * 8
        image = Image.new("RGB", size) if painted is None else image_of(painted.pixels)
        cells.append(Picture(image, _told(finished, plan), plan.seed))
    return cells


def _matrix(finished: Finished, sheet: Matrix) -> Page:
    cells = _cells(finished)
    whole = _sheet(finished, [cell.image for cell in cells], len(sheet.rows))
    legend = _annotated(whole, sheet.columns, sheet.rows, sheet.margin)
    first = Picture(legend, cells[0].infotext)
    made = _made(finished)
    return Page([first, *made], [first.infotext, *_listed(made)], sheets=1)


def _annotated(whole: "Image.Image", columns: Legend, rows: Legend, margin: int) -> "Image.Image":
    from tintype.imaging import Label, annotated

    def labels(legend: Legend) -> list[list[Label]]:
        return [[Label(label.text, label.is_active) for label in cell] for cell in legend]

    return annotated(whole, labels(columns), labels(rows), margin)


def _plot(finished: Finished, plot: Plot) -> Page:
    """One sheet for each value of z, all of them side by side on the first, and the cells.

    A1111's habit: infotexts go on over the cells even where the cells are not shown.
    """
    cells = _cells(finished)
    across, down = len(plot.x.legends), len(plot.y.legends)
    sheets = [
        _plot_sheet(finished, plot, cells[start : start + across * down], start)
        for start in range(0, len(cells), across * down)
    ]
    whole = _sheet(finished, [one.image for one in sheets], 1)
    if plot.has_legend and any(plot.z.legends):
        whole = _annotated(whole, _legend(plot.z), _NO_LEGEND, 0)
    told = _told(finished, finished.plans[0], **_notes(plot, plot.x, plot.y, plot.z))
    main = Picture(whole, told)
    shown = sheets if plot.shows_sheets else []
    pictures = [main, *shown, *(cells if plot.shows_cells else [])]
    return Page(pictures, _listed([main, *shown, *cells]), sheets=1)


def _plot_sheet(finished: Finished, plot: Plot, cells: Sequence[Picture], start: int) -> Picture:
    image = _sheet(finished, [cell.image for cell in cells], len(plot.y.legends))
    if plot.has_legend:
        image = _annotated(image, _legend(plot.x), _legend(plot.y), plot.margin)
    told = _told(finished, finished.plans[start], **_notes(plot, plot.x, plot.y))
    return Picture(image, told)


def _notes(plot: Plot, *axes: PlotAxis) -> dict[str, str]:
    return {"Script": plot.title} | {key: value for axis in axes for key, value in axis.notes}


def _legend(axis: PlotAxis) -> Legend:
    from tintype.server.sdapi.work import Label

    return tuple((Label(text),) for text in axis.legends)


_NO_LEGEND: Legend = ((),)


def _turns(finished: Finished, sheet: Turns) -> Page:
    """Sheets of each series first; `info` has the infotext of the first turn alone."""
    series = list(_series(finished))
    made = [picture for one in series for picture in one]
    sheets: list[Picture] = []
    if sheet.has_sheet and finished.asked.options["return_grid"]:
        grouped = series if len(series[0]) > 1 else [made]
        rows = 1 if len(series[0]) > 1 else finished.asked.options["n_rows"]
        sheets = [
            Picture(_sheet(finished, [one.image for one in group], rows), group[0].infotext)
            for group in grouped
            if len(group) > 1
        ]
    return Page([*sheets, *made], [made[0].infotext])


def _series(finished: Finished) -> Iterator[list[Picture]]:
    """For every plan the pictures of its turns, each with its own infotext."""
    for index, painted in sorted(finished.pictures.items()):
        plan = finished.plans[index]
        pixels = (painted.pixels, *painted.beside) if _has_turns(plan) else (painted.pixels,)
        turns = [_turn(plan, turn) for turn in range(len(pixels))]
        yield [
            Picture(image_of(one), _told(finished, turn), turn.seed)
            for one, turn in zip(pixels, turns, strict=True)
        ]


def _has_turns(plan: Plan) -> bool:
    return isinstance(plan.script, Loopback)


def _turn(plan: Plan, turn: int) -> Plan:
    if isinstance(plan.script, Loopback) and plan.init is not None:
        return loop_plan(plan, plan.script, plan.init, turn)
    return plan
