"""Notes in a prompt that are not for the model: from `#` to the end of the line."""

import re

_WHOLE_LINE = re.compile(r"(?:\A|\n)#[^\n]*(?:\n|\Z)")
_REST_OF_LINE = re.compile(r"#[^\n]*(?:\n|\Z)")


def without_comments(text: str) -> str:
    """The prompt without its comments.

    As in A1111 a line that is a comment goes with the line breaks on both its sides, and one line
    break stands in for whatever went.
    """
    return _REST_OF_LINE.sub("\n", _WHOLE_LINE.sub("\n", text))
