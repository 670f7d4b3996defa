"""Extensions of A1111 and Forge and custom nodes of ComfyUI: which have a home here."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tintype.cli.importing.old_files import is_folder, names_in
from tintype.cli.importing.rows import Row, State, counted, listed
from tintype.modelstore.phrases import PACKAGES, WILDCARDS

_TEMPLATES = re.compile(r"dynamic-?prompt|wildcard|umi-?ai", re.IGNORECASE)

_KNOWN: Sequence[tuple[str, State, str]] = (
    (r"dynamic-?prompt", "partly", "wildcards and variants; no magic prompts, no combinations"),
    (r"wildcard", "comes", "wildcards are part of the prompt language"),
    (r"lycoris|lora-?block|additional-networks", "partly", "LoRA and LyCORIS files are worn"),
    (r"agent-scheduler|task-scheduler", "comes", "every call is a job of one queue: /v1/jobs"),
    (r"image-browsing|image-browser", "comes", "kept pictures are searched by GET /v1/images"),
    (r"civitai", "comes", "tintype models pull civitai:ID; notes beside models are read"),
    (r"clip-interrogator|interrogat", "partly", "POST /sdapi/v1/interrogate"),
    (r"model-?converter|supermerger|model-mixer", "stays", "models are not merged here"),
    (r"controlnet|ipadapter|ip-adapter", "stays", "ControlNet is not there yet"),
    (r"adetailer|face-?editor|impact", "stays", "faces are not detailed yet"),
    (r"reactor|roop|faceswap", "stays", "faces are not swapped"),
    (r"regional|latent-couple|composable", "stays", "regions of a prompt are not there yet"),
    (r"ultimate.*upscale|multidiffusion|tiled", "partly", "the script SD upscale is there"),
    (r"animatediff|deforum|video|svd", "stays", "moving pictures are not made here"),
    (r"tagger|wd14|deepdanbooru", "stays", "tags are not guessed yet"),
    (r"segment|inpaint-anything|rembg", "stays", "masks come from the client"),
    (r"train|dreambooth|kohya", "stays", "nothing is trained here"),
    (
        r"tagcomplete|prompt-all-in-one|aspect-ratio|theme|localiz|canvas-zoom|photopea"
        r"|openpose-editor|preset|history|outpaint|state-manager|config-presets",
        "stays",
        "it belongs to a page that is not here",
    ),
)
_OWN_CODE: Mapping[bool, str] = {
    True: "it is code for A1111, none of which is here",
    False: "nodes are code for ComfyUI, none of which is here",
}


def has_templates(root: Path, config: Mapping[str, object]) -> bool:
    """An extension for wildcards and variants is there and on."""
    return any(_TEMPLATES.search(name) for name in _enabled(root, config))


def extension_rows(root: Path, config: Mapping[str, object], *, is_webui: bool) -> Iterator[Row]:
    """A row for each extension that was on, those without a home and unknown in one."""
    unknown: list[str] = []
    names = _enabled(root, config) if is_webui else names_in(root / "custom_nodes")
    for name in (name for name in names if not name.startswith(("__", "."))):
        known = next((row for row in _KNOWN if re.search(row[0], name, re.IGNORECASE)), None)
        if known is None:
            unknown.append(name)
        else:
            yield Row(name, known[1], known[2])
    if unknown:
        noun = "further extension" if is_webui else "further custom node"
        how = f"{_OWN_CODE[is_webui]}: {listed(unknown)}"
        yield Row(counted(len(unknown), noun), "stays", how)


def wildcard_rows(root: Path) -> Iterator[Row]:
    """Folders of wildcards, which are found where they are."""
    packages = [root / kind / name for kind in PACKAGES for name in names_in(root / kind)]
    folders = [folder for tree in (root, *packages) if is_folder(folder := tree / WILDCARDS)]
    if folders:
        places = listed([str(folder.relative_to(root)) for folder in folders])
        yield Row("wildcards", "comes", f"found where they are: {places}")


def _enabled(root: Path, config: Mapping[str, object]) -> list[str]:
    if config.get("disable_all_extensions") in ("all", "extra"):
        return []
    disabled = config.get("disabled_extensions")
    off = set(map(str, disabled)) if isinstance(disabled, list) else set[str]()  # pyright: ignore[reportUnknownArgumentType] - of JSON
    return [name for name in names_in(root / "extensions") if name not in off]
