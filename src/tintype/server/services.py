"""What the routes work with, handed to the application when it is made."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from tintype.core.requests import Plan
from tintype.core.requests import Request as PictureRequest
from tintype.core.settings import ServerConfig
from tintype.imagestore import DiskImages
from tintype.jobs import EmbeddedWorker, JobTable
from tintype.modelstore import ModelStore
from tintype.server.native.webhooks import Webhooks
from tintype.server.sdapi.options import Options
from tintype.server.trust import Trust


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of the server.

    Attributes:
        jobs: queue and state of every job.
        worker: who does them.
        models: the checkpoints there are.
        images: where pictures go that somebody wants kept.
        options: the values A1111's clients may set for everybody.
        plan: settles a request, or refuses it; may read a whole file, so it is called in threads.
        draw_seed: a seed for who wants any.
        config: where the server listens.
        trust: whom the server believes, and how much they may ask for.
        version: of this program, as infotext shall say it.
        webhooks: tells the end of jobs to those who asked for it.
        ending: set when the server is about to stop; streams then end.
    """

    jobs: JobTable
    worker: EmbeddedWorker
    models: ModelStore
    images: DiskImages
    options: Options
    plan: Callable[[PictureRequest], tuple[Plan, ...]]
    draw_seed: Callable[[], int]
    config: ServerConfig
    trust: Trust
    version: str
    webhooks: Webhooks
    ending: asyncio.Event = field(default_factory=asyncio.Event)


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


ServicesOf = Annotated[Services, Depends(_services)]
