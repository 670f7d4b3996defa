"""One picture of a server for the terminal."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tintype.cli.top.rates import Rates, Status

_MIB, _GIB = 2**20, 2**30


def frame(status: Status, rates: Rates) -> RenderableType:
    """One picture of a server, as `/v1/status` tells it."""
    return Group(
        _head(status),
        _pace(status, rates),
        _memory(status["tally"]),
        Text(),
        _running(status),
        Text(),
        _waiting(status["queue"]),
    )


def _head(status: Status) -> Text:
    worker, version = status["worker"], status["versions"]["tintype"]
    state, reason = worker["state"], worker["reason"]
    line = Text.assemble(
        ("Tintype", "bold"), f" {plain(version)}, up {_span(status['uptime_seconds'])}  worker "
    )
    line.append(plain(state), "green" if state == "ready" else "bold yellow")
    line.append(f" on {plain(worker['device'])}" if worker["device"] else "")
    line.append(f", {worker['restarts']} restarts" if worker["restarts"] else "")
    line.append(f": {plain(reason)}" if reason else "", "yellow")
    return line


def _pace(status: Status, rates: Rates) -> Text:
    tally = status["tally"]
    parts = [f"{status['images_per_minute']} images/min"]
    if (passes := rates.passes_per_second) is not None:
        parts.append(f"{passes:.1f} passes/s")
    if (rows := rates.rows_per_pass) is not None:
        parts.append(f"{rows:.1f} rows per pass")
    if tally["step_seconds"]:
        parts.append(f"last step {tally['step_seconds']:.3f} s, {tally['step_rows']} rows")
    if tally["out_of_memory"]:
        parts.append(f"{tally['out_of_memory']} passes split for want of memory")
    return Text("  ".join(parts))


def _memory(tally: Status) -> RenderableType:
    held, everything = tally["memory_bytes"], tally["memory_total_bytes"]
    models = ", ".join(plain(name) for name in tally["resident"]) or "none"
    weights = Text(f"models {models} ({_size(tally['resident_bytes'])})")
    if not everything:
        return weights
    row = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=everything, completed=held, width=20)
    row.add_row("memory", bar, f"{_size(held)} of {_size(everything)} ", weights)
    return row


def _running(status: Status) -> RenderableType:
    jobs = status["running"]
    if not jobs:
        return Text("Nothing is running.", "dim")
    table = _table("job", "owner", "how", "priority", "images", "", "", "")
    for job in jobs:
        table.add_row(
            Text(plain(job["id"] or "")[:8]),
            Text(plain(job["owner"])),
            Text(plain(job["dialect"])),
            Text(plain(job["priority"])),
            f"{job['finished']}/{job['images']}",
            ProgressBar(total=1.0, completed=job["progress"], width=20),
            f"{job['progress']:.0%}",
            _remaining(job["remaining_seconds"]),
        )
    return Group(Text(f"Running: {len(jobs)}", "bold"), table)


def _waiting(queue: Status) -> RenderableType:
    if not queue["waiting"]:
        return Text("Nothing waits.", "dim")
    title = f"Waiting: {queue['waiting']}, the first for {_span(queue['oldest_seconds'])}"
    if (remaining := queue["remaining_seconds"]) is not None:
        title += f", all done in {_span(remaining)}"
    table = _table("owner", "priority", "jobs", "first waits")
    for line in queue["lines"]:
        table.add_row(
            Text(plain(line["owner"])),
            Text(plain(line["priority"])),
            str(line["jobs"]),
            _span(line["oldest_seconds"]),
        )
    return Group(Text(title, "bold"), table)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _remaining(seconds: float | None) -> str:
    return "" if seconds is None else f"in {_span(seconds)}"


def _span(seconds: float) -> str:
    """A length of time as people say it: two units at most."""
    whole = int(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {whole % 60} s"
    return f"{whole} s"


def _size(count: int) -> str:
    return f"{count / _GIB:.1f} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"


def plain(value: object) -> str:
    """Text of the server's without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "�" for letter in str(value))
