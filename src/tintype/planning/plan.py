"""The one way from a request to a plan."""

import secrets
from collections.abc import Callable

from tintype.core.models import ModelRecord
from tintype.core.requests import Plan, Request
from tintype.core.samplers import (
    AUTOMATIC,
    SamplerInfo,
    ScheduleInfo,
    find_sampler,
    find_schedule,
    resolved_schedule,
)
from tintype.core.settings import Limits
from tintype.planning.checks import check_request

_ANY_SEED = -1
_HIGHEST_DRAWN_SEED = 4294967293


def plan(
    request: Request,
    *,
    find_checkpoint: Callable[[str | None], ModelRecord],
    draw_seed: Callable[[], int],
    limits: Limits,
) -> Plan:
    """Settle everything a request leaves open.

    The cheap checks come first: a checkpoint is looked for, which may mean hashing it, only for a
    request that could run.

    Args:
        request: what is asked for.
        find_checkpoint: the file a name means, its hash known; the server's own for None.
        draw_seed: a seed for who wants any, see `random_seed`; asked at most once.
        limits: the bounds of one request.

    Raises:
        InvalidRequest: a value is wrong; names the field and what would be right.
        UnknownName: a sampler, schedule or checkpoint is not known.
    """
    check_request(request, limits)
    sampler, schedule = _sampler_and_schedule(request)
    return Plan(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        checkpoint=find_checkpoint(request.checkpoint or None),
        seeds=_seeds(request, draw_seed),
        steps=request.steps,
        cfg_scale=float(request.cfg_scale),
        width=request.width,
        height=request.height,
        sampler=sampler.name,
        schedule=schedule.label,
        clip_skip=request.clip_skip,
    )


def random_seed() -> int:
    """A seed as A1111 draws it, evenly from 0 to 4294967293."""
    return secrets.randbelow(_HIGHEST_DRAWN_SEED + 1)


def _sampler_and_schedule(request: Request) -> tuple[SamplerInfo, ScheduleInfo]:
    """A schedule that is asked for wins over the sampler's name, even "Automatic"."""
    sampler, named = find_sampler(request.sampler)
    asked = find_schedule(request.schedule) if request.schedule else named or AUTOMATIC
    return sampler, resolved_schedule(sampler, asked)


def _seeds(request: Request, draw_seed: Callable[[], int]) -> tuple[int, ...]:
    first = draw_seed() if request.seed == _ANY_SEED else request.seed
    return tuple(first + image for image in range(request.images))
