"""The client that is awaited: what `sync.py` does, for programs of one thread."""

from collections.abc import AsyncGenerator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

import httpx

from tintype.client import calls
from tintype.client.async_line import carried, told
from tintype.client.carrying import LIMITS, timeout_of
from tintype.client.fields import Editing, Search
from tintype.client.files import FileKind
from tintype.client.following import followed
from tintype.client.patience import Patience
from tintype.client.pictures import AsyncPicture, Pictures, seed_of
from tintype.client.values import (
    Event,
    Forecast,
    Job,
    KeptPicture,
    Model,
    PngInfo,
    State,
    Status,
)
from tintype.client.where import CALL_SECONDS, PATIENCE_SECONDS, where
from tintype.client.wire import Flow

if TYPE_CHECKING:
    from tintype.client.files import PictureSource

T = TypeVar("T")


class AsyncClient:
    """As `Client`, with every method awaited. One event loop uses one."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        """As `Client`; nothing is sent yet."""
        server = where(url, api_key)
        self._patience = Patience(patience_seconds)
        self._http = httpx.AsyncClient(
            base_url=server.url,
            headers=server.headers,
            timeout=timeout_of(call_seconds),
            limits=LIMITS,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """As `Client.close`."""
        await self._http.aclose()

    async def generate(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        timeout: float | None = None,
        **fields: Unpack[Editing],
    ) -> Pictures[AsyncPicture]:
        """As `Client.generate`."""
        patience = self._patience.within(timeout)
        return self.pictures(
            await self._run(calls.generated(prompt, fields, image, mask, patience))
        )

    async def edit(
        self,
        image: "PictureSource",
        prompt: str = "",
        *,
        mask: "PictureSource | None" = None,
        timeout: float | None = None,
        **fields: Unpack[Editing],
    ) -> Pictures[AsyncPicture]:
        """As `Client.edit`."""
        return await self.generate(prompt, image=image, mask=mask, timeout=timeout, **fields)

    async def upscale(
        self,
        image: "PictureSource",
        upscaler: str = "Lanczos",
        *,
        scale: float = 2.0,
        width: int | None = None,
        height: int | None = None,
        crop: bool = True,
        second_upscaler: str = "None",
        second_visibility: float = 0.0,
        timeout: float | None = None,
    ) -> AsyncPicture:
        """As `Client.upscale`."""
        size = calls.size_wanted(scale, width, height, crop=crop)
        second = second_upscaler, second_visibility
        patience = self._patience.within(timeout)
        job = await self._run(calls.upscaled(image, upscaler, size, second, patience))
        return self._picture(job, calls.only_picture(job))

    async def submit(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        idempotency_key: str | None = None,
        **fields: Unpack[Editing],
    ) -> Job:
        """As `Client.submit`."""
        flow = calls.submitted(prompt, fields, image, mask, idempotency_key, self._patience)
        return await self._run(flow)

    def stream(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        previews: bool = False,
        timeout: float | None = None,
        **fields: Unpack[Editing],
    ) -> AsyncGenerator[Event]:
        """As `Client.stream`."""
        patience = self._patience.within(timeout)
        flow = calls.streamed(prompt, fields, image, mask, patience, previews=previews)
        return told(flow, self._http)

    def events(
        self, job: Job | str, *, previews: bool = False, timeout: float | None = None
    ) -> AsyncGenerator[Event]:
        """As `Client.events`."""
        patience = self._patience.within(timeout)
        return told(followed(calls.id_of(job), patience, previews=previews), self._http)

    async def wait(self, job: Job | str, timeout: float | None = None) -> Job:
        """As `Client.wait`."""
        return await self._run(calls.waited(calls.id_of(job), self._patience.within(timeout)))

    def pictures(self, job: Job) -> Pictures[AsyncPicture]:
        """As `Client.pictures`."""
        return Pictures(job, tuple(self._picture(job, index) for index in job.finished))

    async def job(self, job: Job | str) -> Job:
        """As `Client.job`."""
        return await self._run(calls.seen(calls.id_of(job), self._patience))

    async def jobs(self, state: State | None = None, limit: int = 50) -> list[Job]:
        """As `Client.jobs`."""
        return await self._run(calls.listed(state, limit, self._patience))

    async def cancel(self, job: Job | str) -> Job:
        """As `Client.cancel`."""
        flow = calls.acted(calls.id_of(job), "cancel", self._patience, repeatable=True)
        return await self._run(flow)

    async def cancel_all(self) -> int:
        """As `Client.cancel_all`."""
        return await self._run(calls.all_cancelled(self._patience))

    async def interrupt(self, job: Job | str, images: Sequence[int] | None = None) -> Job:
        """As `Client.interrupt`."""
        job_id, query = calls.id_of(job), calls.numbers(images)
        return await self._run(
            calls.acted(job_id, "interrupt", self._patience, query, repeatable=True)
        )

    async def promote(self, job: Job | str) -> Job:
        """As `Client.promote`."""
        flow = calls.acted(calls.id_of(job), "promote", self._patience, repeatable=False)
        return await self._run(flow)

    async def delete(self, job: Job | str) -> None:
        """As `Client.delete`."""
        await self._run(calls.deleted(calls.id_of(job), self._patience))

    async def forecast(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        **fields: Unpack[Editing],
    ) -> Forecast:
        """As `Client.forecast`."""
        return await self._run(calls.foretold(prompt, fields, image, mask, self._patience))

    async def models(
        self, kind: str | None = None, family: str | None = None, search: str = ""
    ) -> list[Model]:
        """As `Client.models`."""
        return await self._run(calls.models_listed(kind, family, search, self._patience))

    async def images(
        self, words: str = "", limit: int = 50, **search: Unpack[Search]
    ) -> list[KeptPicture]:
        """As `Client.images`."""
        return await self._run(calls.images_found(words, search, limit, self._patience))

    async def image_file(self, image: KeptPicture | str) -> bytes:
        """As `Client.image_file`."""
        return await self._run(calls.image_fetched(image, self._patience))

    async def status(self) -> Status:
        """As `Client.status`."""
        return await self._run(calls.status_seen(self._patience))

    async def png_info(self, image: "PictureSource") -> PngInfo:
        """As `Client.png_info`."""
        return await self._run(calls.png_info_read(image, self._patience))

    def _picture(self, job: Job, index: int) -> AsyncPicture:
        async def fetch(kind: FileKind) -> bytes:
            return await self._run(calls.fetched(job.id, index, kind, self._patience))

        return AsyncPicture(job.id, index, seed_of(job, index), fetch)

    async def _run(self, flow: Flow[T]) -> T:
        return await carried(flow, self._http)
