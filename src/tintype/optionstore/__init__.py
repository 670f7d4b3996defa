"""What is set over HTTP and kept on disk: options, and presets of a job's fields."""

from tintype.optionstore.json_file import JsonFile
from tintype.optionstore.presets import PRESETS_FILE, Fields, Presets

OPTIONS_FILE = "options.json"
"""In the data folder, in the form of A1111's `config.json`: one flat object."""

__all__ = ["OPTIONS_FILE", "PRESETS_FILE", "Fields", "JsonFile", "Presets"]
