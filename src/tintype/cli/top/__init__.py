"""`tintype top`: what a server is doing, live in the terminal, read from its `/v1/status`."""

from tintype.cli.top.frame import frame
from tintype.cli.top.rates import Rates
from tintype.cli.top.screen import show, show_once
from tintype.cli.top.server import Server, Unreachable

__all__ = ["Rates", "Server", "Unreachable", "frame", "show", "show_once"]
