"""What a type checker has to accept of the client, and what it has to refuse.

Nothing here is run. Each `pyright: ignore` is a mistake that pyright must find: one that it does
not find is an error in turn.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from pathlib import Path
from typing import assert_type

from PIL import Image

from tintype import AsyncClient, Client
from tintype.client import AsyncPicture, Job, JobEvent, Picture, Pictures, PreviewEvent


def accepted(client: Client) -> None:
    """Every argument has a type, and so has every result."""
    pictures = client.generate("a cat", steps=20, hires={"scale": 1.5}, loras=[{"name": "ink"}])
    assert_type(pictures, Pictures[Picture])
    assert_type(pictures[0], Picture)
    assert_type(pictures[:2], tuple[Picture, ...])
    assert_type(pictures[0].seed, int | None)
    assert_type(pictures[0].infotext, str | None)
    assert_type(pictures[0].save("cat.png"), Path)
    assert_type(pictures[0].image, Image.Image)
    assert_type(client.submit("a cat", image=Path("a.png"), mask=b""), Job)
    assert_type(client.upscale(pictures[0], scale=4), Picture)
    for event in client.stream("a cat", previews=True):
        assert_type(event, JobEvent | PreviewEvent)


async def accepted_awaited(client: AsyncClient) -> None:
    """The same, awaited."""
    pictures = await client.generate("a cat", image=Image.new("RGB", (8, 8)), mask_blur=4)
    assert_type(pictures[0], AsyncPicture)
    assert_type(await pictures[0].data(), bytes)
    async for event in client.events("id"):
        assert_type(event, JobEvent | PreviewEvent)


def refused(client: Client) -> None:
    """Wrong types, unknown names, and a picture that is treated as bytes."""
    client.generate("a cat", steps="20")  # pyright: ignore[reportArgumentType]
    client.generate("a cat", step=20)  # pyright: ignore[reportCallIssue]
    client.generate("a cat", hires={"scle": 2})  # pyright: ignore[reportArgumentType]
    client.generate("a cat", loras=[{"weight": 1}])  # pyright: ignore[reportArgumentType]
    client.jobs("finished")  # pyright: ignore[reportArgumentType]
    client.edit(7)  # pyright: ignore[reportArgumentType]
    client.generate("a cat").save("cat.png")  # pyright: ignore[reportAttributeAccessIssue]
