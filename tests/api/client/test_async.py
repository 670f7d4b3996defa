"""The client that is awaited does what the other one does."""

import inspect
from pathlib import Path

import anyio
import pytest
from PIL import Image
from tests.fakes.front import Front

from tintype import AsyncClient, Client
from tintype.client import JobEvent, JobFailedError, PreviewEvent, TimeLimitError


def test_both_clients_have_the_same_methods() -> None:
    """By name, argument and default."""
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        mine = inspect.signature(method).parameters
        theirs = inspect.signature(getattr(AsyncClient, name)).parameters
        assert list(mine.values()) == list(theirs.values()), name


def test_many_at_once(front: Front, tmp_path: Path) -> None:
    """A batch of pictures, so many at a time, each saved under its number."""

    async def paint(client: AsyncClient, number: int, limit: anyio.CapacityLimiter) -> None:
        async with limit:
            pictures = await client.generate("a cat", steps=2, width=64, height=64, seed=number)
            await pictures[0].save(tmp_path / f"{number}.png")

    async def batch() -> None:
        limit = anyio.CapacityLimiter(8)
        async with AsyncClient(front.url) as client, anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(paint, client, number, limit)

    anyio.run(batch)
    colours = {Image.open(path).convert("RGB").getpixel((0, 0)) for path in tmp_path.iterdir()}

    assert colours == {(0, 0, number) for number in range(30)}


def test_events_edits_and_lists(front: Front) -> None:
    """Everything is there, awaited."""

    async def work() -> list[str]:
        async with AsyncClient(front.url) as client:
            kinds = list[str]()
            async for event in client.stream(
                "hold", steps=3, width=64, height=64, seed=1, previews=True
            ):
                kinds.append(event.kind if isinstance(event, JobEvent) else "preview")
                if isinstance(event, PreviewEvent):
                    front.gate.touch()
            job = (await client.jobs("done", 1))[0]
            first = client.pictures(job)[0]
            edited = (await client.edit(first, steps=2))[0]
            assert (await edited.image()).size == (64, 64)
            assert "Seed" in (await edited.infotext() or "")
            assert (await client.png_info(edited)).parameters["Steps"] == "2"
            assert (await client.status()).worker.state == "ready"
            assert len(await client.models()) == 2
            assert (await client.forecast("a", images=2)).images == 2
            return kinds

    front.gate.unlink(missing_ok=True)
    kinds = anyio.run(work)

    assert "preview" in kinds
    assert kinds[-1] == "end"


def test_errors_and_ends(front: Front) -> None:
    """A failed job, a time limit, drafts, and jobs that are ended."""

    async def work() -> None:
        async with AsyncClient(front.url) as client:
            with pytest.raises(JobFailedError, match="rhymes"):
                await client.generate("fail-request", steps=2, width=64, height=64)
            with pytest.raises(TimeLimitError) as caught:
                await client.generate("hold", steps=2, width=64, height=64, timeout=0.2)
            assert (await client.interrupt(caught.value.job_id)).id == caught.value.job_id
            await client.cancel(caught.value.job_id)
            draft = await client.submit("a", steps=3, width=64, height=64, draft_steps=1)
            await client.wait(draft)
            await client.promote(draft)
            assert (await client.wait(draft)).state == "done"
            await client.delete(draft)
            await client.cancel_all()

    front.gate.unlink(missing_ok=True)
    anyio.run(work)


def test_a_cancelled_task_gives_back_its_line(front: Front) -> None:
    """Somebody who stops waiting leaves no connection open and no job harmed."""

    async def work() -> None:
        async with AsyncClient(front.url) as client:
            job = await client.submit("hold", steps=2, width=64, height=64)
            with anyio.move_on_after(0.2) as scope:
                await client.wait(job)
            assert scope.cancelled_caught
            front.gate.touch()
            assert (await client.wait(job)).state == "done"

    front.gate.unlink(missing_ok=True)
    anyio.run(work)
