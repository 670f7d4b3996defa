"""Letting a job in: what a blocking call asks for, and its way into the queue."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request

from tintype.core.enlarging import AnyPlan
from tintype.core.jobs import Admission
from tintype.server.calls.blocking import Wish
from tintype.server.calls.idempotency import fingerprint
from tintype.server.calls.remembering import without_pictures
from tintype.server.services import Services
from tintype.server.trust.identity import Identity


def admission_for(
    plans: Sequence[AnyPlan], dialect: str, said: Mapping[str, Any], identity: Identity, wish: Wish
) -> Admission:
    """The admission a blocking call asks for. Digests pictures, so it belongs in a thread.

    Args:
        plans: one for each picture.
        dialect: which call it was, "sdapi/txt2img" for one.
        said: its body, without defaults.
        identity: who asks.
        wish: of its headers.
    """
    return Admission(
        tuple(plans),
        owner=identity.owner,
        dialect=dialect,
        request=json.dumps(without_pictures(dict(said))).encode(),
        priority=wish.priority,
        idempotency_key=wish.key,
        fingerprint=fingerprint([dialect, said]),
    )


async def admitted(
    admission: Admission, request: Request, services: Services, identity: Identity
) -> str:
    """Let a job in, and say its id; errors of the call name it from here on.

    Raises:
        BusyError: the queue or a quota is full, or nobody can compute just now.
        InvalidRequest: its key stands for another request.
    """
    job_id = await services.trust.quotas.admit(services.jobs, identity, admission)
    request.state.job_id = job_id
    return job_id
