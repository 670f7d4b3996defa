"""The `tintype` command: what it can do from a terminal, a server aside."""

from tintype.cli.commands import main

__all__ = ["main"]
