"""The client that waits."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

import httpx

from tintype.client import calls
from tintype.client.carrying import LIMITS, timeout_of
from tintype.client.fields import Editing, Search
from tintype.client.files import FileKind
from tintype.client.following import followed
from tintype.client.patience import Patience
from tintype.client.pictures import Picture, Pictures, seed_of
from tintype.client.sync_line import carried, told
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


class Client:
    """A Tintype server, for programs that wait for it. Several threads may use one at once.

    Every method raises `UnreachableError` where nothing answers, and an `AnswerError` with the
    server's words where it refuses.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: of the server; else `TINTYPE_URL`, else http://127.0.0.1:7860. A user and
                password may go into it, as `http://user:password@host:port`.
            api_key: else `TINTYPE_API_KEY`, else none.
            patience_seconds: how long to try again where nothing answers, or a server is busy.
            call_seconds: how long one answer may take; jobs may take longer.

        Raises:
            ValueError: the url is none of http or https, or the key cannot be one.
        """
        server = where(url, api_key)
        self._patience = Patience(patience_seconds)
        self._http = httpx.Client(
            base_url=server.url,
            headers=server.headers,
            timeout=timeout_of(call_seconds),
            limits=LIMITS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def generate(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        timeout: float | None = None,
        **fields: Unpack[Editing],
    ) -> Pictures[Picture]:
        """Have pictures painted, and wait until they are finished.

        Args:
            prompt: what to show, in A1111's prompt language.
            image: picture to begin with.
            mask: white where `image` is to be repainted.
            timeout: seconds to wait at most; None for as long as it takes.
            fields: see `Editing`; what is left out has the server's default.

        Raises:
            JobFailedError, JobCancelledError: there are no pictures.
            TimeLimitError: the time is over; the job goes on.
        """
        patience = self._patience.within(timeout)
        return self.pictures(self._run(calls.generated(prompt, fields, image, mask, patience)))

    def edit(
        self,
        image: "PictureSource",
        prompt: str = "",
        *,
        mask: "PictureSource | None" = None,
        timeout: float | None = None,
        **fields: Unpack[Editing],
    ) -> Pictures[Picture]:
        """Have a picture repainted, or what a mask leaves white, and wait. As `generate`.

        Without `width` and `height` the size is that of the picture, cut to multiples of 8.
        """
        return self.generate(prompt, image=image, mask=mask, timeout=timeout, **fields)

    def upscale(
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
    ) -> Picture:
        """Have a picture enlarged, and wait.

        Args:
            upscaler: one of GET /sdapi/v1/upscalers.
            scale: factor of both sides, where no width and height are given.
            width: of the result, in pixels; together with height.
            crop: cut what is beyond width and height, not pad what is missing.
            second_upscaler: one to blend with, and its share from 0 to 1.
        """
        size = calls.size_wanted(scale, width, height, crop=crop)
        second = second_upscaler, second_visibility
        patience = self._patience.within(timeout)
        job = self._run(calls.upscaled(image, upscaler, size, second, patience))
        return self._picture(job, calls.only_picture(job))

    def submit(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        idempotency_key: str | None = None,
        **fields: Unpack[Editing],
    ) -> Job:
        """Make a job and do not wait. As `generate`.

        Args:
            idempotency_key: the same key with the same arguments gives the same job, also from
                another process; None for one of our own, which holds for this call alone.
        """
        flow = calls.submitted(prompt, fields, image, mask, idempotency_key, self._patience)
        return self._run(flow)

    def stream(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        previews: bool = False,
        timeout: float | None = None,
        **fields: Unpack[Editing],
    ) -> Iterator[Event]:
        """Make a job and tell of it until it is done. As `generate`, and raises what it raises.

        Args:
            previews: also what the pictures look like by now, once a second each.
        """
        patience = self._patience.within(timeout)
        flow = calls.streamed(prompt, fields, image, mask, patience, previews=previews)
        return told(flow, self._http)

    def events(
        self, job: Job | str, *, previews: bool = False, timeout: float | None = None
    ) -> Iterator[Event]:
        """Tell of a job until it is at rest, however it ends.

        The line is opened again where it is lost. Every finished picture is told once, also those
        that were finished before.
        """
        patience = self._patience.within(timeout)
        return told(followed(calls.id_of(job), patience, previews=previews), self._http)

    def wait(self, job: Job | str, timeout: float | None = None) -> Job:
        """A job, once it is done or parked. Raises as `generate`."""
        return self._run(calls.waited(calls.id_of(job), self._patience.within(timeout)))

    def pictures(self, job: Job) -> Pictures[Picture]:
        """The pictures of a job that are finished; each is fetched when it is looked at."""
        return Pictures(job, tuple(self._picture(job, index) for index in job.finished))

    def job(self, job: Job | str) -> Job:
        """A job as it is now."""
        return self._run(calls.seen(calls.id_of(job), self._patience))

    def jobs(self, state: State | None = None, limit: int = 50) -> list[Job]:
        """One's own jobs, the newest first; everybody's for those who may manage."""
        return self._run(calls.listed(state, limit, self._patience))

    def cancel(self, job: Job | str) -> Job:
        """End a job: at once if it waits, at its next step if it runs."""
        flow = calls.acted(calls.id_of(job), "cancel", self._patience, repeatable=True)
        return self._run(flow)

    def cancel_all(self) -> int:
        """End all of one's own jobs that are not over, and say how many there were."""
        return self._run(calls.all_cancelled(self._patience))

    def interrupt(self, job: Job | str, images: Sequence[int] | None = None) -> Job:
        """Finish a running job now with what its pictures have become, or some of them alone."""
        job_id, query = calls.id_of(job), calls.numbers(images)
        return self._run(calls.acted(job_id, "interrupt", self._patience, query, repeatable=True))

    def promote(self, job: Job | str) -> Job:
        """Have a parked draft painted to its end, from where it was."""
        flow = calls.acted(calls.id_of(job), "promote", self._patience, repeatable=False)
        return self._run(flow)

    def delete(self, job: Job | str) -> None:
        """Cancel a job that is not over; forget one that is, with its pictures."""
        self._run(calls.deleted(calls.id_of(job), self._patience))

    def forecast(
        self,
        prompt: str,
        *,
        image: "PictureSource | None" = None,
        mask: "PictureSource | None" = None,
        **fields: Unpack[Editing],
    ) -> Forecast:
        """What such a job would take; none is made. As `generate`."""
        return self._run(calls.foretold(prompt, fields, image, mask, self._patience))

    def models(
        self, kind: str | None = None, family: str | None = None, search: str = ""
    ) -> list[Model]:
        """All models of a kind ("checkpoint", "lora", …), a family, and with this in a name."""
        return self._run(calls.models_listed(kind, family, search, self._patience))

    def images(
        self, words: str = "", limit: int = 50, **search: Unpack[Search]
    ) -> list[KeptPicture]:
        """Pictures kept on disk whose prompts have these words, the newest first."""
        return self._run(calls.images_found(words, search, limit, self._patience))

    def image_file(self, image: KeptPicture | str) -> bytes:
        """The file of a kept picture, as it lies there."""
        return self._run(calls.image_fetched(image, self._patience))

    def status(self) -> Status:
        """How the server is doing."""
        return self._run(calls.status_seen(self._patience))

    def png_info(self, image: "PictureSource") -> PngInfo:
        """What a picture says of how it was made."""
        return self._run(calls.png_info_read(image, self._patience))

    def _picture(self, job: Job, index: int) -> Picture:
        def fetch(kind: FileKind) -> bytes:
            return self._run(calls.fetched(job.id, index, kind, self._patience))

        return Picture(job.id, index, seed_of(job, index), fetch)

    def _run(self, flow: Flow[T]) -> T:
        return carried(flow, self._http)
