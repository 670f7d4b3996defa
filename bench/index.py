"""Ten thousand models against none: what they cost at a start that knows them, and in lists.

Half of the files are LoRAs and half checkpoints, all of them headers and little else; the demo
model comes first in both trees, so that both workers load the same. Sizes and times, headers and
hashes are in the index before the clock starts, as they are at every start but the first.
"""

import json
import os
import shutil
from pathlib import Path
from statistics import median

from bench.checkpoints import FOLDER
from bench.server import Server, serving
from tintype.modelstore import INDEX_FILE, Keeper, ModelStore
from tintype.settings import DEMO_TREE

_MODELS = 10_000
_LISTS = {
    "sd-models": "/sdapi/v1/sd-models",
    "loras": "/sdapi/v1/loras",
    "v1/models, a page of 100": "/v1/models",
    "v1/models, searched": "/v1/models?search=number%204999",
}
_ASKED = 9  # times each list in a round
_LONG_AGO = 1_600_000_000


def index(rounds: int) -> dict[str, object]:
    """Medians over `rounds` starts with each tree, in seconds."""
    trees = {"none": _tree(0), f"{_MODELS}": _tree(_MODELS)}
    port: dict[str, list[float]] = {name: [] for name in trees}
    first_list: dict[str, list[float]] = {name: [] for name in trees}
    lists: dict[str, list[float]] = {name: [] for name in _LISTS}
    for _ in range(rounds):
        for name, (root, data) in trees.items():
            with serving(root, data=data) as server:
                port[name].append(server.seconds_until("/healthz"))
                first_list[name].append(server.seconds_until(_LISTS["sd-models"]))
                server.seconds_until("/readyz")
                if name != "none":
                    _ask_for_lists(server, lists)
    several = {name: median(seconds) for name, seconds in lists.items()}
    more = f"with {_MODELS} models"
    return {
        "seconds": {"port_answers": port, "first_list": first_list, "lists": lists},
        "summary": {
            "port answers with the demo model alone, s": round(median(port["none"]), 3),
            f"port answers {more}, more by s (goal 0.05)": _more(port),
            f"first list after the start {more}, more by s": _more(first_list),
            **{f"{name} {more}, s (goal 0.1)": round(s, 3) for name, s in several.items()},
        },
    }


def _more(seconds: dict[str, list[float]]) -> float:
    none, many = (median(values) for values in seconds.values())
    return round(many - none, 3)


def _ask_for_lists(server: Server, lists: dict[str, list[float]]) -> None:
    for name, path in _LISTS.items():
        lists[name] += [server.seconds_for(path) for _ in range(_ASKED)]


def _tree(models: int) -> tuple[Path, Path]:
    """A root with so many models, and a data folder that knows them; made once."""
    root, data = FOLDER / f"index-{models}", FOLDER / f"index-{models}-data"
    checkpoints, loras = (root / "models" / name for name in ("Stable-diffusion", "Lora"))
    if not data.exists():
        shutil.rmtree(root, ignore_errors=True)
        for folder in (checkpoints, loras):
            folder.mkdir(parents=True)
        (demo,) = (DEMO_TREE / "models" / "Stable-diffusion").iterdir()
        shutil.copy2(demo, checkpoints / f"0 {demo.name}")
        for number in range(models // 2):
            _write(checkpoints / f"number {number}.safetensors", _CHECKPOINT, {})
            _write(loras / f"number {number}.safetensors", _LORA, _trained(number))
        data.mkdir()
        Keeper(ModelStore([root], data / INDEX_FILE), lambda: False).catch_up()
    return root, data


def _write(path: Path, tensors: dict[str, list[int]], metadata: dict[str, str]) -> None:
    entries: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name, shape in tensors.items():
        begin, end = end, end + 2 * shape[0] * shape[1]
        entries[name] = {"dtype": "F16", "shape": shape, "data_offsets": [begin, end]}
    header = json.dumps(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(end))
    os.utime(path, (_LONG_AGO, _LONG_AGO))


def _trained(number: int) -> dict[str, str]:
    """As much text as trainers leave of some twenty tags."""
    tags = {f"tag {tag}": tag for tag in range(20)}
    return {
        "ss_output_name": f"trained {number}",
        "ss_base_model_version": "sd_v1",
        "ss_tag_frequency": json.dumps({"1_folder": tags}),
    }


_CHECKPOINT = {
    "model.diffusion_model.input_blocks.0.0.weight": [320, 4],
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": [1, 768],
}
_LORA = {
    f"lora_unet_down_blocks_{block}_attentions_0_{part}.{half}.weight": [8, 8]
    for block in range(4)
    for part in ("proj_in", "proj_out")
    for half in ("lora_down", "lora_up")
}
