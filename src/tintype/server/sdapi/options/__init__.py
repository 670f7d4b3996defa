"""Options: A1111's, those of its page, what is in force for a call."""

from tintype.server.sdapi.options.in_force import Effective, Options

__all__ = ["Effective", "Options"]
