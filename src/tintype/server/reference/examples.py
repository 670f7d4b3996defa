"""An example of every body, as the description and the page of the API show it.

`<picture>` stands for base64, which would fill the page.
"""

from collections.abc import Mapping
from typing import Any

PICTURE = "<picture as base64>"

_STAR = {"prompt": "a red star on a blue background", "steps": 20, "width": 256, "height": 256}

EXAMPLES: Mapping[tuple[str, str], dict[str, Any]] = {
    ("POST", "/sdapi/v1/txt2img"): {**_STAR, "sampler_name": "Euler a", "seed": 7},
    ("POST", "/sdapi/v1/img2img"): {
        **_STAR,
        "init_images": [PICTURE],
        "denoising_strength": 0.6,
    },
    ("POST", "/sdapi/v1/png-info"): {"image": PICTURE},
    ("POST", "/sdapi/v1/extra-single-image"): {
        "image": PICTURE,
        "upscaler_1": "Lanczos",
        "upscaling_resize": 2,
    },
    ("POST", "/sdapi/v1/extra-batch-images"): {
        "imageList": [{"data": PICTURE, "name": "star.png"}],
        "upscaler_1": "Lanczos",
    },
    ("POST", "/sdapi/v1/interrogate"): {"image": PICTURE, "model": "clip"},
    ("POST", "/sdapi/v1/options"): {"CLIP_stop_at_last_layers": 2},
    ("POST", "/sdapi/v1/create/embedding"): {"name": "mine"},
    ("POST", "/sdapi/v1/create/hypernetwork"): {"name": "mine"},
    ("POST", "/sdapi/v1/train/embedding"): {"embedding_name": "mine"},
    ("POST", "/sdapi/v1/train/hypernetwork"): {"hypernetwork_name": "mine"},
    ("POST", "/v1/jobs"): {**_STAR, "images": 2, "sampler": "Euler a"},
    ("POST", "/v1/forecast"): {**_STAR, "images": 2},
    ("POST", "/v1/upscales"): {"image": PICTURE, "upscaler": "Lanczos", "scale": 2},
    ("POST", "/v1/captions"): {"image": PICTURE},
    ("PATCH", "/v1/images/{image_id}"): {"starred": True, "tags": ["stars"], "board": "best"},
    ("POST", "/v1/images/zip"): {"ids": ["<id>", "<another id>"]},
    ("PUT", "/v1/styles/{name}"): {
        "prompt": "{prompt}, pen and ink",
        "negative_prompt": "colour",
    },
    ("PUT", "/v1/presets/{name}"): {"steps": 30, "sampler": "DPM++ 2M", "schedule": "Karras"},
    ("POST", "/v1/verify"): {"id": "<id>"},
    ("POST", "/v1/images/generations"): {"prompt": _STAR["prompt"], "size": "256x256"},
    ("POST", "/v1/images/edits"): {"prompt": "a green star", "image": PICTURE},
    ("POST", "/v1/images/variations"): {"image": PICTURE},
    ("POST", "/internal/progress"): {"id_task": "task(mine)", "live_preview": False},
    ("POST", "/login"): {"username": "ann", "password": "one long sentence"},
    ("POST", "/controlnet/detect"): {
        "controlnet_module": "none",
        "controlnet_input_images": [PICTURE],
    },
    ("POST", "/controlnet/render_openpose_json"): {"people": []},
}
