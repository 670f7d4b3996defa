"""What the Python client does, over HTTP."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from tests.fakes.front import Front
from tests.fakes.pictures import half_mask_file, picture_file
from tests.fakes.waiting import until

from tintype import Client
from tintype.client import (
    ClientError,
    ConflictError,
    InvalidError,
    JobCancelledError,
    JobEvent,
    JobFailedError,
    NotFoundError,
    NotTintypeError,
    PreviewEvent,
    TimeLimitError,
    UnreachableError,
)


def test_pictures_are_painted_and_fetched(client: Client, tmp_path: Path) -> None:
    """Each has its seed, its infotext, a picture of Pillow, and a file of the wished kind."""
    pictures = client.generate("a cat", steps=3, width=64, height=64, images=2, seed=0x336699)
    first, second = pictures
    path = second.save(tmp_path / "cat.webp")

    assert pictures.job.state == "done"
    assert (first.seed, second.seed) == (0x336699, 0x33669A)
    assert first.image.convert("RGB").getpixel((0, 0)) == (0x33, 0x66, 0x99)
    assert (first.infotext or "").startswith("a cat\nSteps: 3,")
    with Image.open(path) as saved:
        assert saved.format == "WEBP"
    assert Image.open(BytesIO(first.data)).format == "PNG"
    assert len(pictures[:1]) == 1


def test_a_picture_is_fetched_once(client: Client) -> None:
    """And only when somebody looks; it can be looked at after the job was forgotten."""
    pictures = client.generate("a cat", steps=3, width=64, height=64, images=2)
    seen = pictures[0].data
    client.delete(pictures.job)

    assert pictures[0].data == seen
    with pytest.raises(NotFoundError, match="finished ones are forgotten"):
        _ = pictures[1].data


def test_a_picture_is_edited(client: Client) -> None:
    """With its own size, a mask, and pictures of every kind, also of the server."""
    file = picture_file((10, 200, 30), size=(96, 64))
    edited = client.edit(file, "a dog", mask=half_mask_file((96, 64)), mask_blur=0, steps=2)
    again = client.edit(edited[0], steps=2, denoising_strength=0.3)

    assert edited[0].image.size == (96, 64)
    assert again[0].image.convert("RGB").getpixel((0, 0)) == (10, 200, 30)
    assert "Denoising strength: 0.3" in (again[0].infotext or "")


def test_a_picture_is_enlarged(client: Client) -> None:
    """By a factor, or to a size."""
    file = picture_file(size=(32, 16))
    by_factor = client.upscale(file, "Nearest", scale=3)
    to_size = client.upscale(by_factor, width=64, height=64)

    assert by_factor.image.size == (96, 48)
    assert to_size.image.size == (64, 64)
    with pytest.raises(TypeError, match="go together"):
        client.upscale(file, width=64)
    with pytest.raises(NotFoundError, match="Nearest"):
        client.upscale(file, "Nearst")


def test_kept_pictures_are_found(client: Client, front: Front) -> None:
    """By words of the prompt and by what else is known of them; with the file as it lies there."""
    for seed in (70, 71):
        front.txt2img("an unusual walrus", seed=seed, save_images=True)
    until(lambda: len(client.images("unusual walrus")) == 2)
    (kept,) = client.images("walrus", seed=70, starred=False, since="2020-01-01")

    assert (kept.prompt, kept.width, kept.seed) == ("an unusual walrus", 64, 70)
    assert client.png_info(client.image_file(kept)).info.startswith("an unusual walrus")
    assert len(client.images("walrus", limit=1)) == 1
    assert client.images("walrus", model="nobody") == []
    with pytest.raises(InvalidError, match="from"):
        client.images(since="yesterday or so")


def test_png_info_is_read(client: Client) -> None:
    """The infotext of a picture, and what it says."""
    picture = client.generate("a cat", steps=3, width=64, height=64, seed=5)[0]
    info = client.png_info(picture)

    assert info.info == picture.infotext
    assert info.parameters["Seed"] == "5"


def test_events_with_previews(client: Client, front: Front) -> None:
    """A new job is told of from its first state to its end, with small pictures on the way."""
    kinds = list[str]()
    for event in client.stream("hold", steps=3, width=64, height=64, seed=0x336699, previews=True):
        kinds.append(event.kind if isinstance(event, JobEvent) else "preview")
        if isinstance(event, PreviewEvent):
            front.gate.touch()
            assert event.picture.size == (64, 64)

    assert "preview" in kinds
    assert kinds.count("image") == 1
    assert kinds[-1] == "end"


def test_who_leaves_a_stream_leaves_the_job(client: Client) -> None:
    """It goes on; who comes back is told of its pictures, once each."""
    job = next(
        event.job
        for event in client.stream("a cat", steps=3, width=64, height=64, images=2)
        if isinstance(event, JobEvent)
    )
    client.wait(job)
    told = [event.image for event in client.events(job) if isinstance(event, JobEvent)]

    assert [image for image in told if image is not None] == [0, 1]


def test_a_draft_is_promoted(client: Client) -> None:
    """It rests with its pictures, and is finished when it is wanted."""
    job = client.submit("a cat", steps=4, width=64, height=64, draft_steps=1)
    draft = client.wait(job)
    client.promote(job)
    finished = client.wait(job)

    assert (draft.state, draft.finished, finished.state) == ("parked", (0,), "done")
    with pytest.raises(ConflictError, match="only a parked draft"):
        client.promote(job)


def test_jobs_are_ended(client: Client) -> None:
    """Cancelled they have no pictures; interrupted they have what there is by then."""
    cancelled = client.submit("hold", steps=3, width=64, height=64)
    interrupted = client.submit("hold", steps=3, width=64, height=64, images=2)
    until(lambda: all(one.step for one in client.job(interrupted).images))
    client.cancel(cancelled)
    client.interrupt(interrupted, [0])
    until(lambda: client.job(interrupted).finished == (0,))
    client.interrupt(interrupted)

    with pytest.raises(JobCancelledError, match="was cancelled") as caught:
        client.wait(cancelled)
    assert caught.value.job.id == cancelled.id
    assert client.wait(interrupted).finished == (0, 1)


def test_all_jobs_are_ended(client: Client) -> None:
    """Those that are not over, and no others."""
    ids = {client.submit("hold", steps=3, width=64, height=64).id for _ in range(3)}
    over = client.generate("a cat", steps=2, width=64, height=64).job

    assert client.cancel_all() == 3
    until(lambda: all(client.job(job).state == "cancelled" for job in ids))
    assert client.job(over).state == "done"


def test_jobs_are_listed(client: Client) -> None:
    """The newest first, as many as are wanted, of one state if that is wanted."""
    first, second = (client.submit("a", steps=1, width=64, height=64) for _ in range(2))
    client.wait(first)
    client.wait(second)

    assert [job.id for job in client.jobs(limit=2)] == [second.id, first.id]
    assert client.jobs("done", 1)[0].id == second.id
    assert client.jobs("parked") == []


def test_the_same_key_gives_the_same_job(client: Client) -> None:
    """Keys of one's own hold across calls; without one every call makes a job."""
    one, two = (
        client.submit("a", steps=1, width=64, height=64, idempotency_key="order-7")
        for _ in range(2)
    )
    other = client.submit("a", steps=1, width=64, height=64)

    assert one.id == two.id != other.id
    with pytest.raises(InvalidError, match="another"):
        client.submit("b", steps=1, width=64, height=64, idempotency_key="order-7")
    with pytest.raises(InvalidError, match="Idempotency-Key"):
        client.submit("b", idempotency_key="")
    with pytest.raises(ValueError, match="Idempotency-Key: expected printable"):
        client.submit("b", idempotency_key="ä")


def test_what_the_server_says_of_itself(client: Client) -> None:
    """Its models, its state, and what a job would take."""
    names = [model.name for model in client.models("checkpoint")]
    status = client.status()
    forecast = client.forecast("a cat", images=3)

    assert names == ["alpha.safetensors", "people/beta.safetensors"]
    assert [model.name for model in client.models(search="BETA")] == ["people/beta.safetensors"]
    assert (status.worker.state, status.worker.device) == ("ready", "fake")
    assert forecast.images == 3
    assert forecast.why


def test_a_job_that_fails(client: Client) -> None:
    """Its error has the server's words, and the job."""
    with pytest.raises(JobFailedError, match="the prompt rhymes") as caught:
        client.generate("fail-request", steps=2, width=64, height=64)
    assert caught.value.job.state == "failed"


def test_mistakes_are_told_in_the_servers_words(client: Client) -> None:
    """A wrong name with the choices, a wrong value with what was expected."""
    with pytest.raises(NotFoundError, match="did you mean 'Euler'"):
        client.generate("a cat", sampler="Eulr")
    with pytest.raises(InvalidError, match="width") as caught:
        client.generate("a cat", width=65)
    assert (caught.value.status, caught.value.error) == (422, "InvalidRequest")


def test_a_time_limit_ends_the_waiting_only(client: Client, front: Front) -> None:
    """The job goes on, and can be waited for again."""
    with pytest.raises(TimeLimitError) as caught:
        client.generate("hold", steps=2, width=64, height=64, timeout=0.2)
    front.gate.touch()

    assert isinstance(caught.value, TimeoutError)
    assert client.wait(caught.value.job_id).state == "done"


@pytest.mark.parametrize("job", ["nobody", "../models", "a b/c?d=e#f", "\x00", "ä" * 3000])
def test_ids_that_are_none(client: Client, job: str) -> None:
    """Whatever it is, it names a job or nothing, and no other call."""
    with pytest.raises((NotFoundError, InvalidError)):
        client.job(job)
    for nothing in ("", "..", "."):
        with pytest.raises(ValueError, match="expected the id of a job"):
            client.delete(nothing)


def test_nobody_there(tmp_path: Path) -> None:
    """An address where nothing listens is an error that names it, and no password."""
    with (
        Client("http://ann:secret@127.0.0.1:9", patience_seconds=0) as client,
        pytest.raises(UnreachableError, match=r"^http://127.0.0.1:9 does not answer") as caught,
    ):
        client.status()
    assert isinstance(caught.value, ClientError)


def test_somebody_else_there(client: Client, front: Front) -> None:
    """A server that answers something else is told from a Tintype one."""
    with (
        Client(f"{front.url}/nowhere") as lost,
        pytest.raises(NotFoundError, match="Not Found"),
    ):
        lost.status()
    with (
        Client(f"{front.url}/docs?") as strange,
        pytest.raises((NotTintypeError, NotFoundError)),
    ):
        strange.status()
