"""Prompts as they are worked on: styles and comments applied, networks and embeddings found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Adapter, Network
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest, shown
from tintype.planning.library import Library
from tintype.prompt.comments import without_comments
from tintype.prompt.composition import composed
from tintype.prompt.networks import NetworkTag, lora_scales, split_networks
from tintype.prompt.program import Program, negative_program, positive_program, prompt_uses
from tintype.prompt.styles import Style, apply_style
from tintype.prompt.vocabulary import Vocabulary

MOST_PARTS = 32
_HEAVIEST = 1000.0
_ADAPTER_KINDS = ("lora", "lyco")


@dataclass(frozen=True, slots=True)
class Networks:
    """What the tags of a prompt ask for.

    Attributes:
        adapters: in the order of their tags.
        warnings: tags that were passed over, and why.
    """

    adapters: tuple[Adapter, ...] = ()
    warnings: tuple[str, ...] = ()


def settled_text(prompt: str, styles: Sequence[str], text: TextSettings) -> str:
    """A prompt with style texts applied in their order, and without comments."""
    for style in styles:
        prompt = apply_style(prompt, style)
    return prompt if text.keeps_comments else without_comments(prompt)


def style_texts(names: Sequence[str], library: Library) -> tuple[list[str], list[str]]:
    """Prompt and negative prompt of each style; an unknown one is empty, as in A1111."""
    known: Mapping[str, Style] = library.styles() if names else {}
    styles = [known.get(name, Style(name, "", "")) for name in names]
    return [style.prompt for style in styles], [style.negative_prompt for style in styles]


def networks_in(prompt: str, library: Library) -> Networks:
    """The LoRAs that a prompt's tags name.

    Raises `InvalidRequest` for a tag that makes no sense. One that names no file is passed over
    with a warning, as A1111 does; and as there, the last of several tags of one file decides for
    all of them.
    """
    adapters: list[Adapter] = []
    warnings: list[str] = []
    for tag in split_networks(prompt)[1]:
        if tag.kind not in _ADAPTER_KINDS:
            warnings.append(f"<{tag.kind}:…> is no kind of network known here; it was left out")
            continue
        adapter = _adapter(tag, library)
        if adapter is None:
            warnings.append(f"LoRA {tag.positional[0]!r} was not found and left out")
        else:
            adapters.append(adapter)
    last = {adapter.record: adapter for adapter in adapters}
    if len(last) < len(adapters):
        warnings.append("a LoRA named twice is applied twice, each time as its last tag says")
    return Networks(tuple(last[adapter.record] for adapter in adapters), tuple(warnings))


def check_parts(field: str, prompt: str) -> None:
    """Raise `InvalidRequest` for more parts between `AND`s, or heavier ones, than make sense.

    Every part is a row in each pass of the picture.
    """
    parts = composed(split_networks(prompt)[0])
    if len(parts) > MOST_PARTS:
        raise InvalidRequest(
            field, f"it has {len(parts)} parts joined by AND; at most {MOST_PARTS} are allowed"
        )
    if not all(abs(weight) <= _HEAVIEST for _, weight in parts):
        raise InvalidRequest(
            field, f"a part between AND has a weight beyond {_HEAVIEST:g}, which shows nothing"
        )


def traps_in(prompt: str) -> tuple[str, ...]:
    """Places where A1111's language does what few expect."""
    text, _ = split_networks(prompt)
    parts = composed(text)
    if len(parts) == 1 and parts[0][1] != 1:
        weight = parts[0][1]
        return (
            f"the prompt ends in a colon and a number, so all of it is weighted by {weight:g}; "
            "put a comma behind it if that is not meant",
        )
    return ()


def used_embeddings(
    pairs: Iterable[tuple[str, str]],
    text: TextSettings,
    network: Network,
    library: Library,
) -> tuple[EmbeddingRecord, ...]:
    """The textual inversions in prompts and negative prompts, in the order of their first use.

    Reads the prompts in full, so whatever cannot be read is refused here with `InvalidRequest`.
    """
    adapters = [adapter.record for adapter in network.adapters]
    vocabulary = Vocabulary(library.embeddings(network.checkpoint, adapters))
    programs: list[Program] = []
    for prompt, negative in pairs:
        words, _ = split_networks(prompt)
        programs.append(positive_program(words, text, 1, vocabulary))
        programs.append(negative_program(negative, text, 1, vocabulary))
    found = dict.fromkeys(record for program in programs for record in prompt_uses(program))
    return tuple(library.hashed_embedding(record) for record in found)


def _adapter(tag: NetworkTag, library: Library) -> Adapter | None:
    name, text_scale, unet_scale, rank = lora_scales(tag)
    if max(abs(text_scale), abs(unet_scale)) > _HEAVIEST:
        raise InvalidRequest(
            "prompt",
            f"the LoRA {shown(name)} has a factor beyond {_HEAVIEST:g}, which shows nothing",
        )
    record = library.find_adapter(name)
    return None if record is None else Adapter(record, text_scale, unet_scale, rank)
