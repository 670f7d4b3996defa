"""Captions of our own network against those of transformers, weights and picture being the same."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fakes.captioners import SIDE, TRUE_TONGUE, oracle, write_own
from torch import Tensor

import tintype.prompt
from tintype.core.captioners import CaptionSettings
from tintype.networks.blip import Blip, Telling
from tintype.networks.blip_file import load_captioner
from tintype.prompt.wordpiece import START, ids_of, text_of
from tintype.recipes.captioning import captioned

BEGIN = (START, *ids_of("a picture of"))
CPU = torch.device("cpu")
_WORDS = Path(tintype.prompt.__file__).with_name("data") / "bert_base_uncased_vocab.txt"
_MEAN = torch.tensor((0.48145466, 0.4578275, 0.40821073))[:, None, None]
_DEVIATION = torch.tensor((0.26862954, 0.26130258, 0.27577711))[:, None, None]


@pytest.fixture(scope="module")
def theirs() -> Any:
    """transformers' network."""
    return oracle()


@pytest.fixture(scope="module")
def ours(theirs: Any, tmp_path_factory: pytest.TempPathFactory) -> Blip:
    """Ours, from the folder that transformers writes."""
    folder = tmp_path_factory.mktemp("blip")
    theirs.save_pretrained(folder)
    return load_captioner(folder / "model.safetensors", CPU, torch.float32)


def picture(seed: int = 0, side: int = SIDE) -> Tensor:
    """Noise."""
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (side, side, 3), generator=draw, dtype=torch.uint8)


def normalised(pixels: Tensor) -> Tensor:
    """As `BlipImageProcessor` gives pictures to the network."""
    return ((pixels.permute(2, 0, 1) / 255 - _MEAN) / _DEVIATION)[None]


def told(network: Blip, pixels: Tensor, settings: CaptionSettings) -> tuple[int, ...]:
    """Our ids."""
    with torch.inference_mode():
        telling, search = Telling(network, pixels), captioned(BEGIN, settings)
        question = next(search)
        try:
            while True:
                question = search.send(telling.logits(question.tokens, question.parents))
        except StopIteration as end:
            return end.value


def told_by_them(network: Any, pixels: Tensor, settings: CaptionSettings) -> tuple[int, ...]:
    """Theirs, without the start and the marks."""
    with torch.inference_mode():
        ids = network.generate(
            pixel_values=normalised(pixels),
            input_ids=torch.tensor([[*BEGIN, 102]]),
            num_beams=settings.beams,
            min_length=settings.min_length,
            max_length=settings.max_length,
            do_sample=False,
        )[0].tolist()
    assert tuple(ids[: len(BEGIN)]) == BEGIN
    return tuple(i for i in ids[len(BEGIN) :] if i not in (0, 102))


def logits_of(network: Any, pixels: Tensor, ids: Sequence[int]) -> Tensor:
    """Their logits of what may follow."""
    with torch.inference_mode():
        return network(pixel_values=normalised(pixels), input_ids=torch.tensor([list(ids)])).logits[
            0, -1
        ]


def test_logits_equal_those_of_transformers(ours: Blip, theirs: Any) -> None:
    """Word by word, with only keys and values kept, the logits are those of the whole text."""
    pixels, ids = picture(), list(BEGIN)
    with torch.inference_mode():
        telling = Telling(ours, pixels)
        logits = telling.logits([ids], [0])[0]
        for _ in range(4):
            torch.testing.assert_close(logits, logits_of(theirs, pixels, ids), atol=1e-3, rtol=1e-4)
            ids.append(int(logits.argmax()))
            logits = telling.logits([ids[-1:]], [0])[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beams", [1, 2, 3, 5])
def test_captions_equal_those_of_transformers(
    ours: Blip, theirs: Any, beams: int, seed: int
) -> None:
    """Greedy and with beams the same words are told."""
    settings, pixels = CaptionSettings(beams, 8, 20), picture(seed)
    assert told(ours, pixels, settings) == told_by_them(theirs, pixels, settings)


@pytest.mark.parametrize("seed", range(8))
def test_captions_that_end_early_equal_those_of_transformers(seed: int, tmp_path: Path) -> None:
    """The choice between captions of several lengths is the same."""
    theirs = oracle(seed=seed)
    with torch.no_grad():
        theirs.text_decoder.cls.predictions.bias[102] += 5.0 + seed / 4
        theirs.text_decoder.cls.predictions.decoder.bias[102] = (
            theirs.text_decoder.cls.predictions.bias[102]
        )
    ours = load_captioner(write_own(tmp_path / "blip.pth", theirs), CPU, torch.float32)
    settings, pixels = CaptionSettings(4, 7, 24), picture(seed)
    assert told(ours, pixels, settings) == told_by_them(theirs, pixels, settings)


def test_own_files_of_blip_say_the_same(tmp_path: Path) -> None:
    """A file in BLIP's own layout, with the finer epsilon its eye has there, gives equal logits."""
    theirs = oracle(epsilon=1e-6, seed=5)
    ours = load_captioner(write_own(tmp_path / "blip.pth", theirs), CPU, torch.float32)
    with torch.inference_mode():
        logits = Telling(ours, picture()).logits([BEGIN], [0])[0]
    expected = logits_of(theirs, picture(), BEGIN)
    torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-4)


def test_words_are_joined_as_transformers_joins_them() -> None:
    """Parts of words, marks and punctuation come out as from `BertTokenizer`."""
    from transformers import BertTokenizer

    tokenizer = BertTokenizer(str(_WORDS))
    for text in (
        "a man's hat, and a necklace - it isn't here!",
        "two storybooks (unreadably) on the dog's 3.5 m table? i've seen 'em",
    ):
        ids = tokenizer(text)["input_ids"]
        expected = tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=True
        )
        assert text_of(ids) == expected


@pytest.mark.large
@pytest.mark.parametrize(
    "eye",
    [
        {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 12},
        {"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 24},
    ],
    ids=["base", "large"],
)
def test_true_sizes_say_the_same(eye: dict[str, int], tmp_path: Path) -> None:
    """BLIP's base and large captioners, at 384 × 384 pixels, tell the same words."""
    sizes = eye | {"intermediate_size": 4 * eye["hidden_size"], "image_size": 384}
    theirs = oracle(tongue=TRUE_TONGUE, spread=0.03, **sizes)
    theirs.save_pretrained(tmp_path)
    ours = load_captioner(tmp_path / "model.safetensors", CPU, torch.float32)
    pixels, settings = picture(side=384), CaptionSettings(3, 8, 16)
    assert told(ours, pixels, settings) == told_by_them(theirs, pixels, settings)
