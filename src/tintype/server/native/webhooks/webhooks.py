"""Telling the end of a job to whoever asked for it: one POST, signed, tried again if need be."""

import asyncio
import logging
from asyncio import Task
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING

from tintype.core.settings import WebhookConfig
from tintype.errors import InvalidRequest, TintypeError, shown
from tintype.jobs import FINAL, JobView
from tintype.server.native.jobs.answers import job_answer
from tintype.server.native.webhooks.outbox import Letter, Outbox
from tintype.server.native.webhooks.signing import signed_headers
from tintype.server.outgoing.addresses import public_address
from tintype.server.outgoing.pinning import Resolve, host_and_port, pinned

if TYPE_CHECKING:
    import httpx

RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 3600.0)
"""From a failed attempt to the next one; after the last the letter is given up."""

_AT_ONCE = 8
_SECONDS = 10.0  # for one attempt, from looking up the name to the status
_PAUSE_SECONDS = 5.0  # after the database did not answer

_log = logging.getLogger("tintype.webhooks")


class Webhooks:
    """Delivers the letters of an outbox, a few at a time, until told to stop."""

    def __init__(
        self,
        outbox: Outbox,
        look: Callable[[str], Awaitable[JobView | None]],
        secret: Callable[[], bytes],
        config: WebhookConfig,
        now: Callable[[], float] = time,
        resolve: Resolve = public_address,
    ) -> None:
        """Nothing is sent before `start`.

        Args:
            outbox: what is to be told.
            look: a job by its id.
            secret: what letters are signed with; asked in a thread, once, on first need.
            config: where letters may go.
            now: Unix seconds.
            resolve: the address to connect to for a host and port; raises `InvalidRequest` for
                one that is out of bounds.
        """
        self._resolve = resolve
        self._outbox, self._look, self._config, self._now = outbox, look, config, now
        self._make_secret, self._secret = secret, None
        self._sending: dict[str, Task[None]] = {}
        self._woken = asyncio.Event()
        self._task: Task[None] | None = None
        self._client: httpx.AsyncClient | None = None

    async def check(self, url: str) -> None:
        """Refuse an address that letters could not or may not go to; looks up its name.

        Raises:
            InvalidRequest: says why.
        """
        import httpx

        if self._config.is_offline:
            raise InvalidRequest("webhook", "nobody is told, for this server is offline")
        host, port = host_and_port(url, "webhook")
        try:
            httpx.URL(url)
        except httpx.InvalidURL as error:
            raise InvalidRequest("webhook", f"{shown(url)}: {error}") from error
        if not self._config.allows_private:
            await self._resolve(host, port, "webhook")

    def job_ended(self, view: JobView) -> None:
        """Look at the outbox, for a job has ended."""
        if view.webhook is not None:
            self._woken.set()

    def start(self) -> None:
        """Go on with what was left, and with what comes; needs a running event loop.

        Offline all of it stays in the outbox.
        """
        if self._config.is_offline:
            return
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what was under way is sent again after the next start."""
        tasks = [task for task in (self._task, *self._sending.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                wait_seconds = await self._send_due()
            except TintypeError as error:
                _log.warning("webhooks wait: %s", error)
                wait_seconds = _PAUSE_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_seconds):
                    await self._woken.wait()

    async def _send_due(self) -> float | None:
        """Begin with everything due; seconds until the next letter is, or None for no such."""
        now = self._now()
        for letter in await self._outbox.waiting(2 * _AT_ONCE):
            if letter.job in self._sending:
                continue
            if len(self._sending) >= _AT_ONCE:
                return None  # the next one to end wakes us
            if letter.due > now:
                return letter.due - now
            self._begin(letter)
        return None

    def _begin(self, letter: Letter) -> None:
        task = asyncio.create_task(self._deliver(letter))
        self._sending[letter.job] = task
        task.add_done_callback(lambda _: self._ended(letter.job))

    def _ended(self, job: str) -> None:
        del self._sending[job]
        self._woken.set()

    async def _deliver(self, letter: Letter) -> None:
        try:
            view = await self._look(letter.job)
            if view is None or view.state not in FINAL:
                await self._outbox.forget(letter)
                return
            failure = await self._attempt(letter, view)
            if failure is None:
                await self._outbox.forget(letter)
            else:
                await self._note(letter, failure)
        except Exception:  # this letter must not keep the others from being sent
            _log.exception("a webhook could not be sent", extra={"job": letter.job})
            await asyncio.sleep(_PAUSE_SECONDS)  # the letter is still due

    async def _attempt(self, letter: Letter, view: JobView) -> str | None:
        """Send a letter; None if it arrived, else why not."""
        import httpx

        body = job_answer(view).model_dump_json().encode()
        timestamp = int(self._now())
        headers = signed_headers(await self._signing_secret(), letter.job, timestamp, body)
        try:
            async with asyncio.timeout(_SECONDS):
                status = await self._post(letter.url, body, headers)
        except TimeoutError:
            return f"no answer within {_SECONDS:g} s"
        except InvalidRequest as error:
            return str(error)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"no answer: {type(error).__name__} {error}".strip()
        return None if 200 <= status < 300 else f"answered {status}"

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; its body is not read.

        Where letters may go anywhere, the name is left to httpx.
        """
        host, port = host_and_port(url, "webhook")
        told = {"Content-Type": "application/json", "User-Agent": "tintype-webhook", **headers}
        if self._config.allows_private:
            request = self._http().stream("POST", url, content=body, headers=told)
        else:
            to = pinned(url, await self._resolve(host, port, "webhook"))
            request = self._http().stream(
                "POST", to.url, content=body, headers=told | to.headers, extensions=to.extensions
            )
        async with request as answer:
            return answer.status_code

    def _http(self) -> "httpx.AsyncClient":
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                timeout=_SECONDS,
                # A connection kept open was checked for one name alone, not for all at its address.
                limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=0),
            )
        return self._client

    async def _signing_secret(self) -> bytes:
        if self._secret is None:
            self._secret = await asyncio.to_thread(self._make_secret)
        return self._secret

    async def _note(self, letter: Letter, failure: str) -> None:
        if letter.attempts < len(RETRY_SECONDS):
            due = self._now() + RETRY_SECONDS[letter.attempts]
            await self._outbox.failed(letter, due, failure)
            return
        belongs = {"job": letter.job}
        _log.warning("webhook to %s is given up: %s", letter.url, failure, extra=belongs)
        await self._outbox.forget(letter)
