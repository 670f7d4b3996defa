"""Options that were set over HTTP, on disk."""

from tintype.optionstore.file import OPTIONS_FILE, OptionsFile

__all__ = ["OPTIONS_FILE", "OptionsFile"]
