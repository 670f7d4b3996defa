"""ComfyUI's pictures: a graph of nodes, in which the sampler leads to everything else.

The graph comes as it was run ("prompt": nodes by id with their inputs by name, where a link is
`[id, slot]`), and as it is drawn ("workflow": a list of nodes with unnamed values, and of links).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tintype.prompt.infotext import FieldValue, Infotext
from tintype.prompt.json_values import (
    Json,
    Object,
    number_in,
    object_in,
    objects_in,
    size_in,
    text_in,
)

_SAMPLERS = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_sde_gpu": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_gpu": "DPM++ 2M SDE",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "dpmpp_3m_sde_gpu": "DPM++ 3M SDE",
    "lcm": "LCM",
    "ddim": "DDIM",
    "uni_pc": "UniPC",
}
_SCHEDULES = {
    "normal": "Normal",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "kl_optimal": "KL Optimal",
}
_WIDGETS: Mapping[str, Sequence[str]] = {
    "KSampler": ("seed", "", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("", "noise_seed", "", "steps", "cfg", "sampler_name", "scheduler"),
    "CLIPTextEncode": ("text",),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "EmptyLatentImage": ("width", "height"),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
}
_TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl", "string", "value")
_NO_TEXT_BEHIND = ("clip", "model", "vae", "image", "control_net", "style_model", "latent_image")


@dataclass(frozen=True, slots=True)
class _Graph:
    """Inputs of each node by its id, links as `[id, slot]`."""

    nodes: Mapping[str, Object]

    def along(self, start: Json, *, avoiding: Sequence[str] = ()) -> Iterator[Object]:
        """Inputs of the nodes behind a link, nearest path first; once for each side of a node."""
        waiting, seen = [start], set[tuple[str, bool]]()
        while waiting:
            match waiting.pop():
                case [str() | int() as number, int(slot)]:
                    node = str(number)
                case _:
                    continue
            if node in self.nodes and (node, slot == 1) not in seen:
                seen.add((node, slot == 1))
                inputs = self.nodes[node]
                yield inputs
                waiting += reversed(_ways_on(inputs, slot, avoiding))


def infotext_from_comfyui(prompt: Object, workflow: Object) -> Infotext | None:
    """What the first sampler of a graph was asked, or None if there is no sampler.

    Args:
        prompt: the graph as run; empty if only the drawing is known.
        workflow: the graph as drawn.
    """
    graph = _graph(prompt)
    sampler = _sampler(graph)
    if sampler is None:
        graph = _drawn_graph(workflow)
        sampler = _sampler(graph)
    if sampler is None:
        return None
    loaders = list(graph.along(sampler.get("model")))
    loras = "".join(f" <lora:{_lora(node)}>" for node in loaders if text_in(node, "lora_name"))
    return Infotext(
        _text(graph, sampler.get("positive")) + loras,
        _text(graph, sampler.get("negative")),
        _fields(graph, sampler, loaders),
    )


def _fields(graph: _Graph, sampler: Object, loaders: list[Object]) -> dict[str, FieldValue]:
    checkpoint = next((found for node in loaders if (found := _checkpoint(node))), None)
    denoise = number_in(sampler, "denoise")
    return {
        "Steps": number_in(sampler, "steps"),
        "Sampler": _SAMPLERS.get(text_in(sampler, "sampler_name") or ""),
        "Schedule type": _SCHEDULES.get(text_in(sampler, "scheduler") or ""),
        "CFG scale": number_in(sampler, "cfg"),
        "Seed": number_in(sampler, "seed", "noise_seed"),
        "Size": _size(graph, sampler.get("latent_image")),
        "Model": None if checkpoint is None else _stem(checkpoint),
        "Denoising strength": None if denoise in (None, 1) else denoise,
        "Clip skip": _clip_skip(graph),
    }


def _graph(prompt: Object) -> _Graph:
    return _Graph({key: object_in(object_in(prompt, key), "inputs") for key in prompt})


def _drawn_graph(workflow: Object) -> _Graph:
    """The drawing as a graph; values are named by their place, for the usual nodes only."""
    sources: dict[Json, Json] = {}
    links = workflow.get("links")
    for link in links if isinstance(links, list) else []:
        match link:
            case [int(number), source, slot, *_]:
                sources[number] = [source, slot]
            case _:
                pass
    nodes: dict[str, Object] = {}
    for node in objects_in(workflow, "nodes"):
        linked = {
            name: sources.get(link)
            for item in objects_in(node, "inputs")
            if (name := text_in(item, "name")) and isinstance(link := item.get("link"), int)
        }
        match node.get("id"):
            case str() | int() as number:
                nodes[str(number)] = {**_widgets(node), **linked}
            case _:
                pass
    return _Graph(nodes)


def _widgets(node: Object) -> dict[str, Json]:
    values = node.get("widgets_values")
    names = _WIDGETS.get(text_in(node, "type") or "", ())
    return dict(zip(names, values, strict=False)) if isinstance(values, list) else {}


def _sampler(graph: _Graph) -> Object | None:
    """The first node with a positive and a negative side and steps to go."""
    return next(
        (
            inputs
            for inputs in graph.nodes.values()
            if {"positive", "negative"} <= inputs.keys() and number_in(inputs, "steps") is not None
        ),
        None,
    )


def _ways_on(inputs: Object, slot: int, avoiding: Sequence[str]) -> list[Json]:
    """The links of a node; of its two sides only the one that this slot passes on."""
    if {"positive", "negative"} <= inputs.keys():
        return [inputs["negative" if slot == 1 else "positive"]]
    return [value for key, value in inputs.items() if key not in avoiding]


def _text(graph: _Graph, start: Json) -> str:
    behind = graph.along(start, avoiding=_NO_TEXT_BEHIND)
    return next((found.strip() for node in behind if (found := text_in(node, *_TEXTS))), "")


def _size(graph: _Graph, start: Json) -> str | None:
    for node in graph.along(start):
        size = size_in(node)
        if size is not None:
            return size
    return None


def _clip_skip(graph: _Graph) -> int | None:
    for inputs in graph.nodes.values():
        layer = number_in(inputs, "stop_at_clip_layer")
        if layer is not None and layer < -1:
            return -int(layer)
    return None


def _checkpoint(node: Object) -> str | None:
    return text_in(node, "ckpt_name", "unet_name")


def _lora(node: Object) -> str:
    name = _stem(text_in(node, "lora_name") or "")
    unet = number_in(node, "strength_model")
    text = number_in(node, "strength_clip")
    factors = [1 if unet is None else unet]
    if text is not None and text != unet:
        factors = [text, *factors]
    return ":".join([name, *map(str, factors)])


def _stem(name: str) -> str:
    """A file's name without folder and extension."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = base.rpartition(".")
    return stem if dot and extension in ("safetensors", "ckpt", "pt", "pth", "bin") else base
