"""A program written for OpenAI's pictures works unchanged."""

import asyncio
from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.images_response import ImagesResponse
from PIL import Image
from tests.fakes.front import Front
from tests.fakes.pictures import picture_file

from tintype.imaging import infotext_in

SMALL: dict[str, Any] = {"steps": 2, "seed": 7}
GREY = picture_file((9, 9, 9))


def holed() -> bytes:
    """A mask with a see-through left half."""
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 32, 64))
    file = BytesIO()
    mask.save(file, "PNG")
    return file.getvalue()


def files_of(answer: ImagesResponse) -> list[bytes]:
    """The pictures of an answer that has them in it."""
    return [b64decode(one.b64_json or "") for one in answer.data or ()]


def infotext_of(file: bytes) -> str:
    return infotext_in(file)[0] or ""


def test_pictures_from_a_prompt(openai: OpenAI) -> None:
    """As many as were asked for, with seeds counting up, and everything gpt-image-1 tells."""
    answer = openai.images.generate(
        model="gpt-image-1", prompt="a cat", n=2, size="64x128", quality="high", extra_body=SMALL
    )
    files = files_of(answer)

    assert [Image.open(BytesIO(file)).size for file in files] == [(64, 128)] * 2
    assert ["Seed: 7," in infotext_of(files[0]), "Seed: 8," in infotext_of(files[1])] == [True] * 2
    assert (answer.size, answer.quality, answer.output_format) == ("64x128", "high", "png")
    assert answer.background == "opaque"
    assert answer.created > 1_700_000_000
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.text_tokens == 2
    assert answer.usage.output_tokens == 2 * 8
    assert answer.usage.total_tokens == 18
    assert [one.url for one in answer.data or ()] == [None, None]


def test_an_async_client(front: Front) -> None:
    """Several calls at once."""

    async def several() -> list[ImagesResponse]:
        async with AsyncOpenAI(api_key="any", base_url=f"{front.url}/v1") as client:
            calls = (
                client.images.generate(
                    prompt=f"cat {n}",
                    size="64x64",
                    response_format="b64_json",
                    extra_body={"steps": 2, "seed": n},
                )
                for n in (1, 2)
            )
            return await asyncio.gather(*calls)

    answers = asyncio.run(several())

    assert [infotext_of(files_of(one)[0]).split("\n")[0] for one in answers] == ["cat 1", "cat 2"]


@pytest.mark.parametrize(("kind", "name"), [("jpeg", "JPEG"), ("webp", "WEBP")])
def test_kinds_of_files(openai: OpenAI, kind: Any, name: str) -> None:
    """Each with its infotext; how far it is compressed is heard."""
    sizes: list[int] = []
    for compression in (100, 0):
        answer = openai.images.generate(
            model="gpt-image-1",
            prompt="a cat",
            size="64x64",
            output_format=kind,
            output_compression=compression,
            extra_body=SMALL,
        )
        (file,) = files_of(answer)
        assert Image.open(BytesIO(file)).format == name
        assert "Seed: 7," in infotext_of(file)
        sizes.append(len(file))

    assert sizes[0] != sizes[1]


def test_a_prompt_that_styles_have_changed(front: Front, openai: OpenAI) -> None:
    """Is told as the revised one; another is not repeated."""
    (front.folder / "styles.csv").write_text("name,prompt,negative_prompt\nNoir,noir,\n")
    plain = openai.images.generate(prompt="a cat", size="64x64", extra_body=SMALL)
    styled = openai.images.generate(
        prompt="a cat", size="64x64", extra_body=SMALL | {"style": "Noir"}
    )

    assert plain.data
    assert styled.data
    assert (plain.data[0].revised_prompt, styled.data[0].revised_prompt) == (None, "a cat, noir")


def test_a_checkpoint_by_its_name(openai: OpenAI) -> None:
    """The model is one of the list."""
    name = [model.id for model in openai.models.list()][1]
    answer = openai.images.generate(
        model=name, prompt="a cat", size="64x64", response_format="b64_json", extra_body=SMALL
    )

    assert name == "people/beta.safetensors"
    assert "Model: beta" in infotext_of(files_of(answer)[0])


def test_a_picture_is_edited_under_a_mask(openai: OpenAI) -> None:
    """See-through is painted; fields of A1111 come along in the form."""
    answer = openai.images.edit(
        image=("a.png", GREY),
        mask=("mask.png", holed()),
        prompt="a cat",
        size="64x64",
        response_format="b64_json",
        extra_body={"steps": 2, "mask_blur": 8, "override_settings": {"return_mask": True}},
    )
    (file,) = files_of(answer)

    assert Image.open(BytesIO(file)).convert("RGB").getpixel((0, 0)) == (9, 9, 9)
    assert "Denoising strength: 1" in infotext_of(file)
    assert "Mask blur: 8" in infotext_of(file)
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.image_tokens == 4


def test_several_pictures_are_edited(openai: OpenAI) -> None:
    """Each by itself, in their order."""
    answer = openai.images.edit(
        model="gpt-image-1",
        image=[("a.png", GREY), ("b.png", picture_file((99, 9, 9)))],
        prompt="a cat",
        size="64x64",
        extra_body=SMALL,
    )
    pixels = [
        Image.open(BytesIO(file)).convert("RGB").getpixel((0, 0)) for file in files_of(answer)
    ]

    assert pixels == [(9, 9, 9), (99, 9, 9)]


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_a_variation(openai: OpenAI) -> None:
    """Has the shape of the picture, and needs no prompt."""
    images: Any = openai.images  # its own types warn of a call that OpenAI has no more
    answer = images.create_variation(
        image=("a.png", GREY), n=2, response_format="b64_json", extra_body=SMALL
    )

    assert [Image.open(BytesIO(file)).size for file in files_of(answer)] == [(512, 512)] * 2


def test_a_stream(openai: OpenAI) -> None:
    """Previews of the picture's own size on the way, and the picture with what it took."""
    events = list(
        openai.images.generate(
            prompt="a cat",
            size="64x64",
            stream=True,
            partial_images=2,
            extra_body={"steps": 6, "seed": 7},
        )
    )
    *partial, last = events

    assert last.type == "image_generation.completed"
    assert last.usage.output_tokens == 4
    assert "Seed: 7," in infotext_of(b64decode(last.b64_json))
    indices = [e.partial_image_index for e in partial if e.type == "image_generation.partial_image"]
    assert indices == list(range(len(partial)))
    for event in events:
        assert Image.open(BytesIO(b64decode(event.b64_json))).size == (64, 64)
        assert (event.size, event.output_format, event.quality) == ("64x64", "png", "medium")


def test_previews_come_before_the_end(front: Front, openai: OpenAI) -> None:
    """While the picture is still being painted."""
    front.gate.unlink(missing_ok=True)
    events = openai.images.generate(
        prompt="hold", size="64x64", stream=True, partial_images=3, extra_body={"steps": 2}
    )
    first = next(iter(events))
    front.gate.touch()
    last = list(events)[-1]

    assert first.type == "image_generation.partial_image"
    assert last.type == "image_generation.completed"


def test_a_stream_of_edits(openai: OpenAI) -> None:
    """Under names of its own, one end for each picture."""
    events = openai.images.edit(
        image=[("a.png", GREY)], prompt="a cat", n=2, size="64x64", stream=True, extra_body=SMALL
    )

    assert [event.type for event in events] == ["image_edit.completed"] * 2
