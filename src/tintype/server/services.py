"""What the routes work with, handed to the application when it is made."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from tintype.core.requests import Plan
from tintype.core.requests import Request as PictureRequest
from tintype.core.settings import ServerConfig
from tintype.imagestore import DiskImages, Gallery, Thumbnails
from tintype.jobs import EmbeddedWorker, JobTable
from tintype.modelstore import ModelStore
from tintype.optionstore import Presets
from tintype.server.native.webhooks import Webhooks
from tintype.server.sdapi.glimpses import Glimpses
from tintype.server.sdapi.options import Options
from tintype.server.sdapi.tasks import Tasks
from tintype.server.trust import Trust
from tintype.server.trust.links import Links


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of the server.

    Attributes:
        jobs: queue and state of every job.
        worker: who does them.
        models: the checkpoints there are.
        images: where pictures go that somebody wants kept.
        gallery: the index of all kept pictures.
        thumbnails: of kept pictures.
        options: the values A1111's clients may set for everybody.
        plan: settles a request, or refuses it; may read a whole file, so it is called in threads.
        draw_seed: a seed for who wants any.
        config: where the server listens.
        trust: whom the server believes, and how much they may ask for.
        version: of this program, as infotext shall say it.
        webhooks: tells the end of jobs to those who asked for it.
        presets: sets of a job's fields under names.
        links: signs the addresses of pictures that need no login.
        flags: of the command line, as A1111 shows them.
        tasks: what callers call their jobs.
        glimpses: the previews that are shown of running jobs.
        ending: set when the server is about to stop; streams then end.
    """

    jobs: JobTable
    worker: EmbeddedWorker
    models: ModelStore
    images: DiskImages
    gallery: Gallery
    thumbnails: Thumbnails
    options: Options
    plan: Callable[[PictureRequest], tuple[Plan, ...]]
    draw_seed: Callable[[], int]
    config: ServerConfig
    trust: Trust
    version: str
    webhooks: Webhooks
    presets: Presets
    links: Links
    flags: Mapping[str, Any]
    tasks: Tasks = field(default_factory=Tasks)
    glimpses: Glimpses = field(default_factory=Glimpses)
    ending: asyncio.Event = field(default_factory=asyncio.Event)


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


ServicesOf = Annotated[Services, Depends(_services)]
