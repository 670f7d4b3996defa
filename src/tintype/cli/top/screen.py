"""The terminal: one look, or one after the other until a key says so."""

import os
import select
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from threading import Event

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from tintype.cli.top.frame import frame, plain
from tintype.cli.top.rates import Rates
from tintype.cli.top.server import Server, Unreachable

_PERIOD_SECONDS = 1.0
_END = "q"


def show_once(server: Server, console: Console) -> None:
    """Print how a server is doing. Raises `Unreachable`."""
    status, rates = server.status(), Rates()
    rates.note(status)
    console.print(frame(status, rates))


def show(server: Server, console: Console) -> None:
    """Draw how a server is doing, again and again until q or Ctrl+C.

    A server that goes away is waited for.
    """
    rates = Rates()
    screen = Live(console=console, screen=True, auto_refresh=False)
    with suppress(KeyboardInterrupt), _keys() as pressed, screen as live:
        while True:
            live.update(_looked(server, rates), refresh=True)
            if pressed(_PERIOD_SECONDS) in (_END, _END.upper()):
                return


def _looked(server: Server, rates: Rates) -> RenderableType:
    try:
        status = server.status()
    except Unreachable as error:
        return Group(Text(plain(str(error)), "bold red"), Text("Trying again; q ends.", "dim"))
    rates.note(status)
    return Group(frame(status, rates), Text(), Text("q ends", "dim"))


@contextmanager
def _keys() -> Generator[Callable[[float], str]]:
    """Keys as they are pressed, without Enter, while the block lasts.

    Yields what waits so many seconds for a key, and gives "" without one.
    """
    if not sys.stdin.isatty() or find_spec("termios") is None:
        yield _no_key
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield _key
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _no_key(seconds: float) -> str:
    Event().wait(seconds)
    return ""


def _key(seconds: float) -> str:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return ""
    return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") or _END  # "": it was closed
