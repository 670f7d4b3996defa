"""`tintype models`: the model files of this machine, and how they come and go."""

from tintype.cli.models.commands import app

__all__ = ["app"]
