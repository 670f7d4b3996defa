"""The description of the API: the names of its calls, their examples, and a page to read it on."""

from tintype.server.reference.describing import TAGS, operation_id, with_examples
from tintype.server.reference.page import reference_page

__all__ = ["TAGS", "operation_id", "reference_page", "with_examples"]
