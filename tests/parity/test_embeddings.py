"""Textual inversions in our text encoders against transformers with the same vectors."""

import pytest
import torch
from tests.fakes.adapters import noise
from tests.parity.oracles import clip_pair, difference, open_clip_pair
from torch import Tensor

from tintype.networks.embeddings import Embedding, PlacedEmbedding

BOUND = 1e-5
WIDTH = 128


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def tokens() -> Tensor:
    """Two chunks of a vocabulary of 1000."""
    generator = torch.Generator().manual_seed(3)
    return torch.randint(1, 999, (2, 77), generator=generator)


def words_with(table: Tensor, ids: Tensor, vectors: Tensor, row: int, place: int) -> Tensor:
    """The oracle's words, the vectors in their places one by one."""
    words = table[ids].clone()
    for number, vector in enumerate(vectors):
        if place + number < 77:
            words[row, place + number] = vector
    return words


@pytest.mark.parametrize("place", [1, 40, 74, 76])
@pytest.mark.parametrize("encoder", ["clip_l", "clip_g"])
def test_vectors_stand_for_words(encoder: str, place: int) -> None:
    """The vectors are words like others, and are cut off behind the last place."""
    vectors, ids = noise(4, WIDTH), tokens()
    own = [PlacedEmbedding(1, place, Embedding("mine", {encoder: vectors}))]
    if encoder == "clip_l":
        ours, theirs = clip_pair("tiny")
        found = ours.hidden(ids, 2, own)
    else:
        ours, theirs = open_clip_pair("tiny")
        found = ours.penultimate(ids, own)
    table = theirs.text_model.embeddings.token_embedding
    words = words_with(table.weight, ids, vectors, 1, place)

    def own_words(*_: object) -> Tensor:
        return words

    table.register_forward_hook(own_words)
    expected = theirs(input_ids=ids, output_hidden_states=True).hidden_states[-2]
    assert difference(found, expected) <= BOUND
