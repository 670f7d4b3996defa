"""X/Y/Z plot: up to three things varied, and the pictures laid out by them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

from tintype.core.requests import Request
from tintype.errors import InvalidRequest
from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.asking.work import Plot, PlotAxis, Work
from tintype.server.sdapi.scripts.axes import Axis, axes_of, find_axis
from tintype.server.sdapi.scripts.base import (
    Tools,
    check_count,
    with_fixed_seeds,
    with_pictures_of,
)
from tintype.server.sdapi.scripts.catalogue import (
    XYZ_PLOT,
    Argument,
    ScriptInfo,
    Tab,
    read_arguments,
)
from tintype.server.sdapi.scripts.values import texts_in

_NAMES = ("X", "Y", "Z")


@dataclass(frozen=True, slots=True)
class _Values:
    """An axis and what stands along it.

    Attributes:
        name: "X", "Y" or "Z".
        written: the values as they were sent.
        varies_seeds: every value has the next seed.
    """

    name: str
    axis: Axis
    written: str
    values: tuple[Any, ...]
    varies_seeds: bool
    fixes_seeds: bool

    def described(self) -> PlotAxis:
        """For the sheet."""
        notes: list[tuple[str, str]] = []
        if self.axis.kind != "nothing":
            notes = [(f"{self.name} Type", self.axis.label), (f"{self.name} Values", self.written)]
            if self.axis.is_seed and self.fixes_seeds:
                notes.append((f"Fixed {self.name} Values", ", ".join(map(str, self.values))))
        return PlotAxis(tuple(self.axis.legend(v) for v in self.values), tuple(notes))


def xyz_plot(body: GenerationBody, tools: Tools) -> Work:
    """One request for each combination of values.

    Raises `InvalidRequest`: an axis, its values or the size of the sheet make no sense.
    """
    info = plot_info(tools.tab, tools.checkpoints())
    arguments = read_arguments(info, body.script_args)
    legend, shows_cells, shows_sheets, keeps_any, *varies, margin, as_text = arguments[9:]
    if not keeps_any:
        body = with_fixed_seeds(body, tools.draw_seed)
    x, y, z = (
        _values(
            name,
            arguments[3 * n : 3 * n + 3],
            tools,
            as_text=as_text,
            varies_seeds=varies[n],
            fixes_seeds=not keeps_any,
        )
        for n, name in enumerate(_NAMES)
    )
    check_count(len(x.values) * len(y.values) * len(z.values))
    requests = tuple(_cells(body, (x, y, z), tools))
    _check_sheet(requests, tools.most_megapixels)
    sheet = Plot(
        x.described(),
        y.described(),
        z.described(),
        XYZ_PLOT.title,
        legend,
        shows_cells,
        shows_sheets,
        margin,
    )
    return Work(requests, sheet, keeps_first=True)


def plot_info(tab: Tab, checkpoints: Sequence[str]) -> ScriptInfo:
    """The script's arguments; its lists of axes are the tab's."""
    labels = tuple(axis.label for axis in axes_of(tab))
    arguments: list[Argument] = []
    for name, first in zip(_NAMES, ("Seed", "Nothing", "Nothing"), strict=True):
        arguments += [
            Argument(f"{name} type", "any", first, choices=labels),
            Argument(f"{name} values", "any", ""),
            Argument(f"{name} values", "any", None, choices=()),
        ]
    flags = {
        "Draw legend": True,
        "Include Sub Images": False,
        "Include Sub Grids": False,
        "Keep -1 for seeds": False,
        "Vary seeds for X": False,
        "Vary seeds for Y": False,
        "Vary seeds for Z": False,
    }
    arguments += [Argument(label, "flag", value) for label, value in flags.items()]
    arguments.append(Argument("Grid margins (px)", "whole", 0, 0, 500, 2))
    arguments.append(Argument("Use text inputs instead of dropdowns", "flag", value=False))
    return ScriptInfo(XYZ_PLOT.name, XYZ_PLOT.tabs, tuple(arguments), title=XYZ_PLOT.title)


def _values(
    name: str,
    arguments: Sequence[Any],
    tools: Tools,
    *,
    as_text: bool,
    varies_seeds: bool,
    fixes_seeds: bool,
) -> _Values:
    asked, text, chosen = arguments
    axis = find_axis(asked, tools.tab)
    text = "" if text is None else str(text)
    listed = [] if as_text else _listed(chosen)
    values = axis.values(text, listed)
    written = ",".join(listed) if listed and axis.choices is not None else text
    if axis.is_seed and fixes_seeds:
        values = [tools.draw_seed() if value == -1 else value for value in values]
    return _Values(name, axis, written, tuple(values), varies_seeds, fixes_seeds)


def _listed(chosen: Any) -> list[str]:
    if isinstance(chosen, list):
        return [str(item) for item in cast("list[Any]", chosen)]
    return texts_in(chosen) if isinstance(chosen, str) else []


def _cells(
    body: GenerationBody, axes: tuple[_Values, _Values, _Values], tools: Tools
) -> Iterator[Request]:
    """A request for each cell, x running fastest, then y, then z."""
    x, y, z = axes
    first: Request | None = None
    for places in product(*(range(len(axis.values)) for axis in (z, y, x))):
        iz, iy, ix = places
        cell = body
        for axis, place in ((x, ix), (y, iy), (z, iz)):
            cell = axis.axis.apply(cell, axis.values[place], axis.values)
        if cell.seed != -1:
            seed = cell.seed + _seed_offset(axes, (ix, iy, iz))
            cell = cell.model_copy(update={"seed": seed})
        request = tools.ask(cell)
        first = first or request
        yield with_pictures_of(request, first)


def _seed_offset(axes: tuple[_Values, ...], places: tuple[int, ...]) -> int:
    """What a cell adds to the seed: cells are counted along the axes that vary it."""
    offset, stride = 0, 1
    for axis, place in zip(axes, places, strict=True):
        if axis.varies_seeds:
            offset += place * stride
            stride *= len(axis.values)
    return offset


def _check_sheet(requests: Sequence[Request], most_megapixels: float) -> None:
    width = max(request.width for request in requests)
    height = max(request.height for request in requests)
    megapixels = len(requests) * width * height / 1_000_000
    if megapixels > most_megapixels:
        raise InvalidRequest(
            "script_args",
            f"the sheet would have {megapixels:.0f} megapixels; {most_megapixels:g} are allowed "
            "(option img_max_size_mp)",
        )
