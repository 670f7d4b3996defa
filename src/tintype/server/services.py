"""What the routes work with, handed to the application when it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from tintype.core.requests import Plan
from tintype.core.requests import Request as PictureRequest
from tintype.core.settings import ServerConfig
from tintype.imagestore import DiskImages
from tintype.jobs import EmbeddedWorker, JobTable
from tintype.modelstore import ModelStore
from tintype.server.sdapi.options import Options


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
        version: of this program, as infotext shall say it.
    """

    jobs: JobTable
    worker: EmbeddedWorker
    models: ModelStore
    images: DiskImages
    options: Options
    plan: Callable[[PictureRequest], tuple[Plan, ...]]
    draw_seed: Callable[[], int]
    config: ServerConfig
    version: str


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


ServicesOf = Annotated[Services, Depends(_services)]
