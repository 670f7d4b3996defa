"""JSON of the server as values."""

from functools import cache
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from tintype.client.errors import NotTintypeError

T = TypeVar("T")


def read(kind: type[T], content: bytes | str) -> T:
    """The value of a class that a JSON text describes; keys it does not know are left out.

    Raises:
        NotTintypeError: the text is something else.
    """
    try:
        return _adapter(kind).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or kind.__name__
        raise NotTintypeError(
            f"the answer is not as a Tintype server of this version gives it: "
            f"{where}: {first['msg']}"
        ) from error


@cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)
