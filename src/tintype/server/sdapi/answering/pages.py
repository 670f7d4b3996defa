"""The pictures of an answer in their order: sheets first, then pictures and what lies beside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tintype.core.jobs import Painted, Pixels
from tintype.core.requests import Plan
from tintype.core.scripts import Loopback
from tintype.core.turns import loop_plan
from tintype.planning import infotext_for
from tintype.server.sdapi.answering.finished import Finished
from tintype.server.sdapi.asking.work import Legend, Lines, Matrix, Pictures, Plot, PlotAxis, Turns
from tintype.server.sdapi.options.telling import shown_by

if TYPE_CHECKING:
    from PIL import Image


Beside = Literal["mask", "mask-composite", "before-face-restoration"]
"""What may belong to a picture, as files of it are called."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the answer.

    Attributes:
        image: RGB or RGBA.
        infotext: written into its file.
        plan: it was made by; of a sheet the first of its pictures'.
        place: in the job, from 0; None for a sheet.
        beside: what it is to the one before, which is whose infotext it has; None for a picture of
            its own.
        is_partial: it was stopped before its end, or before its beginning.
    """

    image: "Image.Image"
    infotext: str
    plan: Plan
    place: int | None = None
    beside: Beside | None = None
    is_partial: bool = False

    @property
    def is_sheet(self) -> bool:
        """Of several pictures."""
        return self.place is None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything an answer shows.

    Attributes:
        pictures: those that are sent, in order.
        infotexts: as `info` lists them.
        sheets: how many of the pictures, at the beginning, are no pictures of their own.
        kept: what may be kept though it is not sent.
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
            made, unsent = _sorted(finished, _made(finished))
            return Page(made, _listed(made), kept=unsent)
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
    shown = shown_by(finished.asked.options)
    return infotext_for(plan, finished.version, shown, more or None)


def _made(finished: Finished) -> list[Picture]:
    """What was painted, in the order of the plans; an interrupted job has less."""
    made: list[Picture] = []
    for index, painted in sorted(finished.pictures.items()):
        plan = finished.plans[index]
        told, is_partial = _told(finished, plan), painted.is_partial
        made.append(Picture(image_of(painted.pixels), told, plan, index, None, is_partial))
        made += [
            Picture(image_of(pixels), told, plan, index, beside, is_partial)
            for beside, pixels in _beside(plan, painted)
        ]
    return made


def _beside(plan: Plan, painted: Painted) -> Iterator[tuple[Beside, Pixels]]:
    """Masks and what was before, in the order in which the worker makes them."""
    if _has_turns(plan):
        return
    names: list[Beside] = []
    if plan.init is not None and plan.init.returns_mask:
        names.append("mask")
    if plan.init is not None and plan.init.returns_composite:
        names.append("mask-composite")
    if plan.faces is not None and plan.faces.keeps_former:
        names.append("before-face-restoration")
    yield from zip(names, painted.beside, strict=False)  # scripts make none


def _sorted(finished: Finished, pictures: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
    """Those that are sent, and what was made to be kept alone."""
    options = finished.asked.options
    hidden: set[Beside] = {"before-face-restoration"}
    hidden |= set() if options["return_mask"] else {"mask"}
    hidden |= set() if options["return_mask_composite"] else {"mask-composite"}
    sent = [picture for picture in pictures if picture.beside not in hidden]
    return sent, [picture for picture in pictures if picture.beside in hidden]


def _listed(pictures: Sequence[Picture]) -> list[str]:
    return [picture.infotext for picture in pictures if picture.beside is None]


def _plain(finished: Finished) -> Page:
    """A1111 makes a sheet only where somebody keeps it."""
    made, unsent = _sorted(finished, _made(finished))
    options, body = finished.asked.options, finished.asked.body
    shown = [picture.image for picture in made if picture.beside is None]
    is_wanted = options["return_grid"] or options["grid_save"]
    enough = len(shown) > 1 or (shown and not options["grid_only_if_multiple"])
    if not (body.save_images and is_wanted and enough):
        return Page(made, _listed(made), kept=unsent)
    whole = _sheet(finished, shown, options["n_rows"])
    sheet = Picture(whole, made[0].infotext, made[0].plan)
    if not options["return_grid"]:
        return Page(made, _listed(made), kept=(sheet, *unsent))
    infotexts = [sheet.infotext, *_listed(made)]
    return Page([sheet, *made], infotexts, sheets=1, kept=unsent)


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
        is_partial = painted is None or painted.is_partial
        told = _told(finished, plan)
        cells.append(Picture(image, told, plan, index, is_partial=is_partial))
    return cells


def _matrix(finished: Finished, sheet: Matrix) -> Page:
    cells = _cells(finished)
    whole = _sheet(finished, [cell.image for cell in cells], len(sheet.rows))
    legend = _annotated(whole, sheet.columns, sheet.rows, sheet.margin)
    first = Picture(legend, cells[0].infotext, cells[0].plan)
    made, unsent = _sorted(finished, _made(finished))
    return Page([first, *made], [first.infotext, *_listed(made)], sheets=1, kept=unsent)


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
    main = Picture(whole, told, finished.plans[0])
    shown = sheets if plot.shows_sheets else []
    pictures = [main, *shown, *(cells if plot.shows_cells else [])]
    kept = [] if plot.shows_cells else cells
    return Page(pictures, _listed([main, *shown, *cells]), sheets=1, kept=kept)


def _plot_sheet(finished: Finished, plot: Plot, cells: Sequence[Picture], start: int) -> Picture:
    image = _sheet(finished, [cell.image for cell in cells], len(plot.y.legends))
    if plot.has_legend:
        image = _annotated(image, _legend(plot.x), _legend(plot.y), plot.margin)
    plan = finished.plans[start]
    return Picture(image, _told(finished, plan, **_notes(plot, plot.x, plot.y)), plan)


def _notes(plot: Plot, *axes: PlotAxis) -> dict[str, str]:
    return {"Script": plot.title} | {key: value for axis in axes for key, value in axis.notes}


def _legend(axis: PlotAxis) -> Legend:
    from tintype.server.sdapi.asking.work import Label

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
            Picture(
                _sheet(finished, [one.image for one in group], rows),
                group[0].infotext,
                group[0].plan,
            )
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
        is_partial = painted.is_partial
        yield [
            Picture(image_of(one), _told(finished, turn), turn, index, is_partial=is_partial)
            for one, turn in zip(pixels, turns, strict=True)
        ]


def _has_turns(plan: Plan) -> bool:
    return isinstance(plan.script, Loopback)


def _turn(plan: Plan, turn: int) -> Plan:
    if isinstance(plan.script, Loopback) and plan.init is not None:
        return loop_plan(plan, plan.script, plan.init, turn)
    return plan
