"""What other programs write into pictures, as infotext."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.prompt import infotext_from

GRAPH: dict[str, Any] = {
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 42,
            "steps": 20,
            "cfg": 7.5,
            "sampler_name": "dpmpp_2m",
            "scheduler": "karras",
            "denoise": 1.0,
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {
        "class_type": "CheckpointLoaderSimple",
        "inputs": {"ckpt_name": "sd15/dream.v8.safetensors"},
    },
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["11", 0]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["11", 0]}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {
            "lora_name": "x\\ink.safetensors",
            "strength_model": 0.8,
            "strength_clip": 0.5,
            "model": ["4", 0],
            "clip": ["4", 1],
        },
    },
    "11": {
        "class_type": "CLIPSetLastLayer",
        "inputs": {"stop_at_clip_layer": -2, "clip": ["10", 1]},
    },
}
WORKFLOW: dict[str, Any] = {
    "nodes": [
        {
            "id": 3,
            "type": "KSampler",
            "inputs": [
                {"name": "model", "link": 1},
                {"name": "positive", "link": 2},
                {"name": "negative", "link": 3},
                {"name": "latent_image", "link": 4},
            ],
            "widgets_values": [42, "randomize", 20, 7.5, "euler_ancestral", "normal", 0.6],
        },
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["dream.ckpt"]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [512, 768, 1]},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a cat"]},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["blurry"]},
    ],
    "links": [
        [1, 4, 0, 3, 0, "MODEL"],
        [2, 6, 0, 3, 1, "CONDITIONING"],
        [3, 7, 0, 3, 2, "CONDITIONING"],
        [4, 5, 0, 3, 3, "LATENT"],
    ],
}


def changed(**inputs: Any) -> str:
    """The graph with other inputs of its sampler."""
    sampler = GRAPH["3"] | {"inputs": GRAPH["3"]["inputs"] | inputs}
    return json.dumps(GRAPH | {"3": sampler})


def test_comfyui() -> None:
    """A graph is read from its sampler on: texts, LoRAs, checkpoint and size."""
    assert infotext_from({"prompt": json.dumps(GRAPH)}) == (
        "a cat <lora:ink:0.5:0.8>\nNegative prompt: blurry\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 42, "
        "Size: 512x768, Model: dream.v8, Clip skip: 2"
    )


def test_comfyui_workflow() -> None:
    """Where there is only the drawing, its values are known by their place."""
    assert infotext_from({"workflow": json.dumps(WORKFLOW)}) == (
        "a cat\nNegative prompt: blurry\n"
        "Steps: 20, Sampler: Euler a, Schedule type: Normal, CFG scale: 7.5, Seed: 42, "
        "Size: 512x768, Model: dream, Denoising strength: 0.6"
    )


def test_comfyui_detours() -> None:
    """Texts may come through other nodes, and each side of a ControlNet keeps its own."""
    detours = {
        "20": {
            "inputs": {
                "positive": ["21", 0],
                "negative": ["7", 0],
                "control_net": ["4", 0],
                "strength": 1.0,
            }
        },
        "21": {"inputs": {"text": ["22", 0], "clip": ["4", 1]}},
        "22": {"inputs": {"value": "a dog"}},
    }
    graph = json.loads(changed(positive=["20", 0], negative=["20", 1])) | detours
    text = infotext_from({"prompt": json.dumps(graph)})
    assert text is not None
    assert text.startswith("a dog <lora:ink:0.5:0.8>\nNegative prompt: blurry\nSteps: 20")


RUBBISH: list[dict[str, Any]] = [
    {"positive": ["3", 0], "negative": ["3", 1], "model": ["3", 0], "latent_image": ["3", 0]},
    {"positive": "text", "negative": 5, "model": None, "latent_image": [1, 2, 3]},
    {"sampler_name": ["x"], "scheduler": 9, "cfg": "7", "seed": 1e400, "steps": 10**310},
    {"positive": [{}, 0], "steps": True},
]


@pytest.mark.parametrize("inputs", RUBBISH)
def test_comfyui_rubbish(inputs: dict[str, Any]) -> None:
    """Circles and values of another kind count as missing."""
    text = infotext_from({"prompt": changed(**inputs)}) or ""
    assert "True" not in text
    assert "[" not in text


def test_long_way() -> None:
    """Ten thousand nodes in a row lead to their end."""
    chain = {str(k): {"inputs": {"conditioning": [str(k + 1), 0]}} for k in range(100, 10_100)}
    end = {"10100": {"inputs": {"text": "far"}}}
    graph = json.loads(changed(positive=["100", 0], model=None)) | chain | end
    assert (infotext_from({"prompt": json.dumps(graph)}) or "").startswith("far\n")


def test_many_ways() -> None:
    """A node that links to itself from thousands of slots is looked at twice."""
    loops = {str(k): ["100", k] for k in range(30_000)}
    graph = json.loads(changed(positive=["100", 0])) | {"100": {"inputs": loops}}
    assert (infotext_from({"prompt": json.dumps(graph)}) or "").startswith("<lora:ink")


def test_invokeai() -> None:
    """InvokeAI from its third generation on names everything."""
    metadata = {
        "positive_prompt": "a cat",
        "negative_prompt": "blurry",
        "steps": 30,
        "cfg_scale": 7.5,
        "seed": 7,
        "width": 512,
        "height": 640,
        "scheduler": "dpmpp_2m_k",
        "clip_skip": 1,
        "model": {"name": "dream", "hash": "x"},
        "loras": [{"model": {"name": "ink"}, "weight": 0.75}],
    }
    assert infotext_from({"invokeai_metadata": json.dumps(metadata)}) == (
        "a cat <lora:ink:0.75>\nNegative prompt: blurry\n"
        "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 7, "
        "Size: 512x640, Model: dream, Clip skip: 2"
    )


def test_invokeai_second() -> None:
    """The second generation has its negative prompt in brackets."""
    image = {
        "prompt": [{"prompt": "a cat [blurry] [dark]", "weight": 1.0}],
        "steps": 30,
        "cfg_scale": 7.5,
        "seed": 7,
        "width": 512,
        "height": 640,
        "sampler": "k_euler_a",
    }
    metadata = {"model_weights": "sd-1.5", "image": image}
    assert infotext_from({"sd-metadata": json.dumps(metadata)}) == (
        "a cat\nNegative prompt: blurry, dark\n"
        "Steps: 30, Sampler: Euler a, CFG scale: 7.5, Seed: 7, Size: 512x640, Model: sd-1.5"
    )


def test_invokeai_dream() -> None:
    """The first generation wrote the command that makes the picture."""
    command = '"a \\"red\\" cat" -s 50 -S123 -W512 -H 640 -C7.5 -A k_lms --grid'
    assert infotext_from({"Dream": command}) == (
        'a "red" cat\nSteps: 50, Sampler: LMS, CFG scale: 7.5, Seed: 123, Size: 512x640'
    )


def test_novelai() -> None:
    """NovelAI's pictures come with the settings that make A1111 paint like it."""
    comment = {
        "steps": 28,
        "sampler": "k_euler_ancestral",
        "seed": 5,
        "scale": 11.0,
        "uc": "lowres",
    }
    metadata = {"Software": "NovelAI", "Description": "a cat ", "Comment": json.dumps(comment)}
    expected = (
        "a cat\nNegative prompt: lowres\nSteps: 28, Sampler: Euler a, CFG scale: 11.0, Seed: 5, "
        "Size: 512x768, Clip skip: 2, ENSD: 31337"
    )
    assert infotext_from(metadata, (512, 768)) is not None
    fields = (infotext_from(metadata, (512, 768)) or "").rpartition("\n")[2].split(", ")
    assert sorted(fields) == sorted(expected.rpartition("\n")[2].split(", "))
    sized = metadata | {"Comment": json.dumps(comment | {"width": 512, "height": 768})}
    assert infotext_from(sized) == expected


def test_own_infotext_counts_first() -> None:
    """What A1111 or we wrote is taken as it is."""
    assert infotext_from({"parameters": "a cat", "prompt": json.dumps(GRAPH)}) == "a cat"


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"prompt": "a cat"},
        {"prompt": "[" * 100_000},
        {"prompt": "[1]", "workflow": "{}"},
        {"prompt": '{"1": ' + "9" * 5_000 + "}"},
        {"sd-metadata": '{"a": 1}'},
        {"Dream": "a cat -s 50"},
        {"Dream": '"' + "\\" * 100_001},
        {"Software": "NovelAI"},
        {"Comment": "made by hand"},
    ],
)
def test_nothing_to_read(metadata: dict[str, str]) -> None:
    """What no known program wrote is no infotext."""
    assert infotext_from(metadata) is None


leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
NAMES = ["positive", "negative", "steps", "text", "nodes", "links", "inputs", "id", "name", "link"]
names = st.sampled_from([*NAMES, "1", "image", "prompt", "positive_prompt", "model", "width"])
values = st.recursive(
    leaves | st.just(["1", 0]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)


KEYS = ["prompt", "workflow", "invokeai_metadata", "sd-metadata", "Comment"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(metadata=st.dictionaries(st.sampled_from(KEYS), values.map(json.dumps), min_size=1))
def test_any_json(metadata: dict[str, str]) -> None:
    """Any JSON gives a text or none."""
    infotext_from(metadata)
    infotext_from(metadata | {"Software": "NovelAI", "Description": "a"})
