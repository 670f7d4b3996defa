"""The progress bar of `tintype generate`."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tintype.core import jobs


@contextmanager
def watched(steps: int) -> Generator[Callable[[jobs.Event], None]]:
    """Show a bar on the error stream, where that is a terminal, while events come in.

    Args:
        steps: of all images together.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with shown as progress:
        bar = progress.add_task("loading", total=steps)

        def tell(event: jobs.Event) -> None:
            match event:
                case jobs.WorkerReady():
                    progress.update(bar, description=f"painting on {event.device}")
                case jobs.Progress():
                    progress.advance(bar)
                case _:
                    pass

        yield tell
