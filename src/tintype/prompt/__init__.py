"""The words of a request: prompts to token ids, and infotext there and back."""

from tintype.prompt.chunks import chunks
from tintype.prompt.infotext import FieldValue, Infotext, read_infotext, write_infotext
from tintype.prompt.tokenizer import END, START, Tokenizer, load_tokenizer

__all__ = [
    "END",
    "START",
    "FieldValue",
    "Infotext",
    "Tokenizer",
    "chunks",
    "load_tokenizer",
    "read_infotext",
    "write_infotext",
]
