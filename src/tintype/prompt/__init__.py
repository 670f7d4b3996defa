"""The words of a request: prompts to token ids, and infotext there and back."""

from tintype.prompt.attention import weighted, written
from tintype.prompt.chunks import EMPTY, chunked, chunks, token_count
from tintype.prompt.comments import without_comments
from tintype.prompt.composition import composed
from tintype.prompt.foreign import infotext_from
from tintype.prompt.infotext import FieldValue, Infotext, read_infotext, write_infotext
from tintype.prompt.networks import NetworkTag, lora_scales, split_networks
from tintype.prompt.old_emphasis import chunked_old
from tintype.prompt.parameters import Parameters, ParameterValue, parse_parameters
from tintype.prompt.program import (
    Part,
    Program,
    Variant,
    negative_program,
    positive_program,
    prompt_uses,
)
from tintype.prompt.schedule import active, scheduled
from tintype.prompt.styles import Style, apply_style, extract_styles, read_styles
from tintype.prompt.tokenizer import END, START, Tokenizer, load_tokenizer
from tintype.prompt.vocabulary import Vocabulary

__all__ = [
    "EMPTY",
    "END",
    "START",
    "FieldValue",
    "Infotext",
    "NetworkTag",
    "ParameterValue",
    "Parameters",
    "Part",
    "Program",
    "Style",
    "Tokenizer",
    "Variant",
    "Vocabulary",
    "active",
    "apply_style",
    "chunked",
    "chunked_old",
    "chunks",
    "composed",
    "extract_styles",
    "infotext_from",
    "load_tokenizer",
    "lora_scales",
    "negative_program",
    "parse_parameters",
    "positive_program",
    "prompt_uses",
    "read_infotext",
    "read_styles",
    "scheduled",
    "split_networks",
    "token_count",
    "weighted",
    "without_comments",
    "write_infotext",
    "written",
]
