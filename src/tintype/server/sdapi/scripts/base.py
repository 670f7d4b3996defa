"""What the scripts that come to several requests have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tintype.core.requests import Request
from tintype.errors import InvalidRequest
from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.scripts.catalogue import Tab

MOST_PICTURES = 1000
"""Of one script; each may be as large as a request of its own."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a script is given besides the body.

    Attributes:
        tab: which of the two calls it was.
        ask: what a body without a script asks for.
        draw_seed: a seed for who wants any.
        most_megapixels: of a sheet.
        checkpoints: their titles.
        upscalers: names of those that enlarge pixels.
    """

    tab: Tab
    ask: Callable[[GenerationBody], Request]
    draw_seed: Callable[[], int]
    most_megapixels: float
    checkpoints: Callable[[], list[str]]
    upscalers: Callable[[], Sequence[str]]


def with_fixed_seeds(body: GenerationBody, draw_seed: Callable[[], int]) -> GenerationBody:
    """The body with seeds drawn where it leaves them open."""
    drawn = {name: draw_seed() for name in ("seed", "subseed") if getattr(body, name) == -1}
    return body.model_copy(update=drawn)


def check_count(count: int) -> None:
    """Raise `InvalidRequest` if a script asks for more pictures than anybody looks at."""
    if count > MOST_PICTURES:
        raise InvalidRequest(
            "script_args", f"{count} pictures are too many; {MOST_PICTURES} are allowed"
        )


def with_pictures_of(request: Request, first: Request) -> Request:
    """The same request with the files of another that is known to have equal ones.

    So all requests of a script share them, in memory and on the way to the worker.
    """
    if request.init is None or first.init is None:
        return request
    init = replace(request.init, picture=first.init.picture, mask=first.init.mask)
    return replace(request, init=init, init_pictures=first.init_pictures)
