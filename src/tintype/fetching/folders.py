"""Which files of a diffusers folder are needed, of all that repositories keep there."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tintype.errors import FetchError, InvalidRequest
from tintype.tensorfiles import MODEL_INDEX

_NEEDED = ("unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler")
_BESIDE = (".json", ".txt")
_WEIGHTS = re.compile(
    r"(?P<base>diffusion_pytorch_model|pytorch_model|model)"
    r"(\.(?P<variant>[A-Za-z0-9_]+))??"
    r"(?P<shard>-\d{5}-of-\d{5})?"
    r"(\.(?P<late_variant>[A-Za-z0-9_]+))?"
    r"\.(?P<format>safetensors|bin)(?P<index>\.index(\.(?P<index_variant>[A-Za-z0-9_]+))?\.json)?"
)

_Kind = tuple[str, str]  # variant ("" for plain weights) and format


def of_a_folder(names: Sequence[str], variant: str | None, where: str) -> list[str]:
    """The files to fetch: what is small, and the weights of one variant for each network.

    safetensors are taken before torch's pickles. A network that has no weights of the variant is
    taken plain, as diffusers does; one that has a single variant alone, as that.

    Args:
        names: all files, relative to the folder.
        variant: "fp16" and the like, or None for the plain weights.
        where: the folder in messages.

    Raises:
        InvalidRequest: no network has this variant, or which one is meant cannot be told.
        FetchError: there are no weights at all.
    """
    found = {part: _weights_of(part, names) for part in _NEEDED}
    networks = {part: kinds for part, kinds in found.items() if kinds}
    if "unet" not in networks:
        raise FetchError(f"{where} is a diffusers folder without weights of a U-Net")
    variants = {variant for kinds in networks.values() for variant, _ in kinds}
    if variant is not None and variant not in variants:
        raise InvalidRequest(
            "--variant", f"{variant!r} is not there; {_there_are(variants, where)}"
        )
    weights = [_chosen(kinds, variant, where) for kinds in networks.values()]
    return [MODEL_INDEX, *_small_files(names), *(name for group in weights for name in group)]


def _weights_of(part: str, names: Iterable[str]) -> Mapping[_Kind, list[str]]:
    groups: dict[_Kind, list[str]] = defaultdict(list)
    for name in names:
        folder, _, file = name.rpartition("/")
        if folder == part and (match := _WEIGHTS.fullmatch(file)):
            variant = match["variant"] or match["late_variant"] or match["index_variant"] or ""
            groups[variant, match["format"]].append(name)
    return groups


def _small_files(names: Iterable[str]) -> list[str]:
    return [
        name
        for name in names
        if name.partition("/")[0] in _NEEDED
        and name.count("/") == 1
        and name.endswith(_BESIDE)
        and not _WEIGHTS.fullmatch(name.rpartition("/")[2])
    ]


def _chosen(kinds: Mapping[_Kind, list[str]], variant: str | None, where: str) -> list[str]:
    variants = {variant for variant, _ in kinds}
    wanted = variant if variant in variants else ""
    if wanted not in variants:
        if len(variants) > 1:
            raise InvalidRequest("--variant", f"say which one; {_there_are(variants, where)}")
        wanted = next(iter(variants))
    return kinds.get((wanted, "safetensors")) or kinds[wanted, "bin"]


def _there_are(variants: Iterable[str], where: str) -> str:
    named = ", ".join(sorted(variant for variant in variants if variant))
    return f"{where} has {named or 'only plain weights'}"
