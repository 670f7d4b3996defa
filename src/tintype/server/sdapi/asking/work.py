"""What a body comes to: requests, and how the answer is made of their pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tintype.core.requests import Plan, Request


@dataclass(frozen=True, slots=True)
class Label:
    """A few words of a legend; what is not in force is struck through."""

    text: str
    is_active: bool = True


Legend = tuple[tuple[Label, ...], ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures as they are; with `save_images` a sheet of them comes first."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The pictures of several independent requests; `info` tells of the body they came from."""

    next_seed: int | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """A sheet of all pictures, and then the pictures.

    Attributes:
        columns: legend of each column.
        rows: legend of each row.
        margin: pixels between pictures.
    """

    columns: Legend
    rows: Legend
    margin: int


@dataclass(frozen=True, slots=True)
class PlotAxis:
    """One axis of a plot.

    Attributes:
        legends: of each value.
        notes: what infotext says of the axis.
    """

    legends: tuple[str, ...]
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A sheet for each value of z, those on one sheet, and perhaps the pictures.

    Pictures come with x running fastest, then y, then z.

    Attributes:
        title: as infotext names the script.
        has_legend: values are written beside the pictures.
        shows_cells: the pictures are in the answer.
        shows_sheets: the sheets of each z are in the answer, besides the one of them all.
        margin: pixels between pictures of a sheet with a legend.
    """

    x: PlotAxis
    y: PlotAxis
    z: PlotAxis
    title: str
    has_legend: bool
    shows_cells: bool
    shows_sheets: bool
    margin: int


@dataclass(frozen=True, slots=True)
class Turns:
    """Pictures of scripts that feed pictures back; `info` tells of the first turn and the last.

    Attributes:
        has_sheet: several pictures are also shown on one sheet.
    """

    has_sheet: bool


Sheet = Pictures | Lines | Matrix | Plot | Turns


@dataclass(frozen=True, slots=True)
class Work:
    """What a body asks for.

    Attributes:
        requests: each planned as usual; all of them are one job.
        sheet: how the answer is made of their pictures.
        keeps_first: of each request only the first picture is wanted.
        batch_size: pictures of several requests that A1111 would make at once, or None where
            requests have nothing to do with each other.
    """

    requests: tuple[Request, ...]
    sheet: Sheet = Pictures()
    keeps_first: bool = False
    batch_size: int | None = None


def settled(work: Work, plan: Callable[[Request], tuple[Plan, ...]]) -> tuple[Plan, ...]:
    """The plans of all requests, in their order. Raises what `plan` raises."""
    last = 1 if work.keeps_first else None
    plans = [one for request in work.requests for one in plan(request)[:last]]
    if work.batch_size is None:
        return tuple(plans)
    return tuple(_in_batches(plans, work.batch_size))


def _in_batches(plans: list[Plan], batch_size: int) -> list[Plan]:
    batched: list[Plan] = []
    for start in range(0, len(plans), batch_size):
        batch = plans[start : start + batch_size]
        batched += [
            replace(plan, encode_seed=batch[-1].seed, encode_place=place)
            for place, plan in enumerate(batch)
        ]
    return batched
