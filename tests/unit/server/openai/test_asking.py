"""OpenAI's words in A1111's."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from tests.fakes.model_files import CHECKPOINT, write_model
from tests.fakes.pictures import as_text, half_mask_file, opened, picture_file

from tintype.errors import InvalidRequest, UnknownName
from tintype.modelstore import ModelStore
from tintype.server.openai.asking import wanted
from tintype.server.openai.fields import (
    EditFields,
    GenerationFields,
    ImagesBody,
    VariationFields,
)
from tintype.server.openai.pictures import fitting_size
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody
from tintype.server.sdapi.options import Options

PICTURE = as_text(picture_file((200, 100, 50), (64, 32)))
HOLED = as_text(picture_file((200, 100, 50, 0), (64, 32)))
Ask = Callable[[ImagesBody], GenerationBody]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """The form for a body, on a server with two checkpoints and a style."""
    folder = tmp_path_factory.mktemp("models")
    checkpoints = folder / "models" / "Stable-diffusion"
    write_model(checkpoints / "alpha.safetensors", CHECKPOINT)
    wide = {"modelspec__resolution": "768x512"}
    write_model(checkpoints / "wide.safetensors", CHECKPOINT, **wide)
    (folder / "styles.csv").write_text("name,prompt,negative_prompt\nNoir,noir,\n")
    store = ModelStore([folder])
    options = Options(store.find, store.find_vae)
    return lambda body: wanted(body, options, store).form


def generation(**fields: Any) -> GenerationFields:
    return GenerationFields.model_validate({"prompt": "a cat", **fields})


def edit(**fields: Any) -> EditFields:
    return EditFields.model_validate({"prompt": "a cat", "image": PICTURE, **fields})


def img2img(form: GenerationBody) -> Img2ImgBody:
    assert isinstance(form, Img2ImgBody)
    return form


def test_what_is_left_out(ask: Ask) -> None:
    """One picture of the model's own size, by our sampler and the schedule it asks for itself."""
    form = ask(generation())

    assert (form.prompt, form.n_iter, form.batch_size, form.steps) == ("a cat", 1, 1, 20)
    assert (form.width, form.height) == (512, 512)
    assert (form.sampler, form.scheduler) == ("DPM++ 2M", None)
    assert "scheduler" in form.model_fields_set
    assert not form.override_settings


@pytest.mark.parametrize(
    ("size", "expected"),
    [("768x512", (768, 512)), (" 64 X 1024", (64, 1024)), ("auto", (512, 512)), ("", (512, 512))],
)
def test_sizes(ask: Ask, size: str, expected: tuple[int, int]) -> None:
    """Any, or what suits."""
    form = ask(generation(size=size))

    assert (form.width, form.height) == expected


def test_the_size_that_suits_is_the_checkpoints(ask: Ask) -> None:
    """As its file says."""
    form = ask(generation(model="wide"))

    assert (form.width, form.height) == (768, 512)
    assert form.override_settings == {"sd_model_checkpoint": "wide"}


@pytest.mark.parametrize("model", ["dall-e-3", "gpt-image-2.5-flare", "DALL-E-2", "", None])
def test_openais_own_models_are_the_servers(ask: Ask, model: str | None) -> None:
    """Nothing is switched."""
    assert not ask(generation(model=model)).override_settings


def test_a_model_beside_other_options(ask: Ask) -> None:
    """Both are heard; the model is the one that is named."""
    said = {"sd_vae": "None", "sd_model_checkpoint": "alpha"}

    assert ask(generation(model="wide", override_settings=said)).override_settings == {
        "sd_vae": "None",
        "sd_model_checkpoint": "wide",
    }


@pytest.mark.parametrize(
    ("fields", "steps"),
    [({"quality": "low"}, 12), ({"quality": "hd"}, 30), ({"quality": "hd", "steps": 4}, 4)],
)
def test_quality_is_steps(ask: Ask, fields: dict[str, Any], steps: int) -> None:
    """Unless those are said."""
    assert ask(generation(**fields)).steps == steps


def test_a1111s_fields_are_heard(ask: Ask) -> None:
    """With their types."""
    form = ask(generation(negative_prompt="dog", seed="7", cfg_scale=3, sampler_name="Euler a"))

    assert (form.negative_prompt, form.seed, form.cfg_scale) == ("dog", 7, 3.0)
    assert form.sampler == "Euler a"


def test_styles(ask: Ask) -> None:
    """A saved one is added to others; OpenAI's two ask for nothing here."""
    assert ask(generation(style="Noir", styles=["one"])).styles == ["one", "Noir"]
    assert ask(generation(style="vivid")).styles is None
    with pytest.raises(UnknownName, match="Noir"):
        ask(generation(style="noire"))


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"size": "big"}, "size", "768x512"),
        ({"width": 64}, "width", "say size"),
        ({"n_iter": 2}, "n_iter", "say n"),
        ({"negatve_prompt": "x"}, "negatve_prompt", "did you mean 'negative_prompt'"),
        ({"script_name": "x/y/z plot"}, "script_name", "/sdapi/v1/txt2img"),
        ({"mask": "AAAA"}, "mask", "no field"),
        ({"output_compression": 50}, "output_compression", "jpeg or webp"),
    ],
)
def test_what_nobody_would_hear(ask: Ask, fields: dict[str, Any], field: str, text: str) -> None:
    """Is refused by name, with what to say in its place."""
    with pytest.raises(InvalidRequest, match=text) as refused:
        ask(generation(**fields))
    assert refused.value.field == field


def test_an_edit_keeps_the_shape(ask: Ask) -> None:
    """Of the first picture, with as many pixels as the checkpoint likes."""
    form = img2img(ask(edit()))

    assert (form.width, form.height) == (728, 360)
    assert (form.init_images, form.mask) == ([PICTURE], None)
    assert form.denoising_strength == 0.75


def test_fidelity(ask: Ask) -> None:
    """High keeps more, and a strength that is said is the one."""
    assert ask(edit(input_fidelity="high")).denoising_strength == 0.5
    assert ask(edit(input_fidelity="high", denoising_strength=0.1)).denoising_strength == 0.1


def test_holes_of_a_mask_are_painted(ask: Ask) -> None:
    """White where it is see-through, black elsewhere; what was there is gone."""
    mask = Image.new("RGBA", (64, 32), (9, 9, 9, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 32, 32))
    form = img2img(ask(edit(mask=as_text(_png(mask)))))

    assert form.mask is not None
    level = opened(form.mask).convert("L")
    assert [level.getpixel((x, 5)) for x in (0, 31, 32, 63)] == [255, 255, 0, 0]
    assert (form.denoising_strength, form.inpainting_fill, form.inpaint_full_res) == (1.0, 0, False)


def test_holes_of_a_picture_are_its_mask(ask: Ask) -> None:
    """If no other comes with it; of a variation they mean nothing."""
    form = img2img(ask(edit(image=HOLED)))
    varied = img2img(ask(VariationFields.model_validate({"image": HOLED})))

    assert form.mask is not None
    assert opened(form.mask).convert("L").getextrema() == (255, 255)
    assert varied.mask is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"mask": as_text(half_mask_file((64, 32)))}, "see-through"),
        ({"mask": as_text(picture_file((0, 0, 0, 0), (32, 32)))}, "64x32, not 32x32"),
        ({"mask": HOLED, "image": [PICTURE, PICTURE]}, "one picture"),
        ({"mask": "AAAA"}, "no picture"),
    ],
)
def test_masks_that_do_not_do(ask: Ask, fields: dict[str, Any], text: str) -> None:
    """Opaque, of another size, for several pictures, or no picture."""
    with pytest.raises(InvalidRequest, match=text) as refused:
        ask(edit(**fields))
    assert refused.value.field == "mask"


@pytest.mark.parametrize(
    "said",
    [
        {"image": [PICTURE, PICTURE]},
        {"images": [{"image_url": PICTURE}, {"image_url": {"url": PICTURE}}]},
    ],
)
def test_several_pictures(ask: Ask, said: dict[str, Any]) -> None:
    """Each is repainted `n` times, however they are said."""
    form = img2img(ask(EditFields.model_validate({"prompt": "a cat", "n": 2, **said})))

    assert form.init_images == [PICTURE, PICTURE]
    assert (form.batch_size, form.n_iter) == (2, 2)


def test_a_variation_shows_what_the_picture_does(ask: Ask) -> None:
    """By its infotext, unless something else is said."""
    from tintype.imaging import encoded

    infotext = "a dog\nNegative prompt: cat\nSteps: 4, Sampler: Euler, Seed: 1"
    picture = as_text(encoded(Image.new("RGB", (64, 64)), "png", infotext))
    form = ask(VariationFields.model_validate({"image": picture}))
    other = ask(VariationFields.model_validate({"image": picture, "prompt": "a bird"}))

    assert (form.prompt, form.negative_prompt) == ("a dog", "cat")
    assert other.prompt == "a bird"


@pytest.mark.parametrize(
    ("picture", "expected"),
    [((512, 512), (512, 512)), ((4000, 3000), (592, 440)), ((1, 5000), (8, 36200))],
)
def test_sizes_of_a_shape(picture: tuple[int, int], expected: tuple[int, int]) -> None:
    """Multiples of 8, with about the pixels that are usual; what is impossible is refused later."""
    assert fitting_size(picture, (512, 512)) == expected


def _png(picture: Image.Image) -> bytes:
    from io import BytesIO

    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
