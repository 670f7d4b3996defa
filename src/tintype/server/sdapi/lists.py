"""What there is: samplers, checkpoints, options, and the lists that are still empty."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response

from tintype.core.faces import FACE_RESTORERS
from tintype.core.models import AdapterRecord, EmbeddingRecord, ModelRecord
from tintype.core.samplers import SAMPLERS, SCHEDULES, SamplerInfo, ScheduleInfo
from tintype.core.upscalers import LATENT_UPSCALERS
from tintype.modelstore.faces import face_restorer
from tintype.planning import Library
from tintype.prompt import Style
from tintype.server.sdapi.asking.upscaling import real_esrgan_items, upscaler_items, upscaler_names
from tintype.server.sdapi.scripts.catalogue import (
    SD_UPSCALE,
    XYZ_PLOT,
    ScriptInfo,
    Tab,
    scripts_of,
    sd_upscale_info,
)
from tintype.server.sdapi.scripts.plot import plot_info
from tintype.server.sdapi.switching import switched
from tintype.server.services import ServicesOf

router = APIRouter()

_Items = list[dict[str, Any]]
_TABS: tuple[Tab, ...] = ("txt2img", "img2img")
_EMPTY: dict[str, Any] = {  # so that clients that ask for them at their start go on
    "extensions": [],
    "hypernetworks": [],
}


@router.get("/samplers", summary="The samplers there are")
async def samplers() -> list[dict[str, Any]]:
    """In the order a client should show them."""
    return [_sampler(sampler) for sampler in SAMPLERS]


@router.get("/schedulers", summary="The schedules there are")
async def schedulers() -> list[dict[str, Any]]:
    """A1111 calls them schedulers."""
    return [_schedule(schedule) for schedule in SCHEDULES]


@router.get("/sd-models", summary="The checkpoints there are", response_model=_Items)
def sd_models(services: ServicesOf) -> Response:
    """Hashes are null until they are known; files are hashed in the background."""
    items = [_checkpoint(record) for record in services.models.checkpoints()]
    return _json(json.dumps(items))


@router.post("/refresh-checkpoints", summary="Look at the model folders again")
def refresh_checkpoints(services: ServicesOf) -> None:
    """Finds files that came or went since the start."""
    services.models.refresh()


@router.get("/options", summary="The server's options")
def get_options(services: ServicesOf) -> dict[str, Any]:
    """All of A1111's with their values; what others brought, too."""
    return services.options.values()


@router.post("/options", summary="Change the server's options for later requests")
async def set_options(services: ServicesOf, changes: Annotated[dict[str, Any], Body()]) -> None:
    """All of the changes or none; they outlive the server. Another checkpoint is loaded."""
    await switched(services, changes)


@router.get("/cmd-flags", summary="A1111's flags with their values here")
async def cmd_flags(services: ServicesOf) -> dict[str, Any]:
    """Dashes are underscores; flags that mean nothing here have A1111's defaults."""
    return dict(services.flags)


@router.get("/upscalers", summary="The ways to enlarge a picture")
def upscalers(services: ServicesOf) -> list[dict[str, Any]]:
    """Those that need no network first, then the files of networks by name."""
    return upscaler_items(services.models)


@router.get("/face-restorers", summary="The ways to restore faces")
def face_restorers(services: ServicesOf) -> list[dict[str, str | None]]:
    """With the folder each was found in; null where its file is not there yet."""
    found = {name: face_restorer(services.models, name) for name in FACE_RESTORERS}
    return [
        {"name": name, "cmd_dir": None if record is None else str(record.path.parent)}
        for name, record in found.items()
    ]


@router.get("/realesrgan-models", summary="The networks of Real-ESRGAN there are")
def realesrgan_models(services: ServicesOf) -> list[dict[str, Any]]:
    """Of the six that A1111 knows by name."""
    return real_esrgan_items(services.models)


@router.get("/latent-upscale-modes", summary="The ways to enlarge a latent")
async def latent_upscale_modes() -> list[dict[str, str]]:
    """For hires passes, beside the upscalers."""
    return [{"name": name} for name in LATENT_UPSCALERS]


@router.get("/loras", summary="The LoRAs there are", response_model=_Items)
def loras(services: ServicesOf) -> Response:
    """With the free text of their headers."""
    found = services.models.adapter_texts()
    return _json(f"[{','.join(_adapter(record, text) for record, text in found)}]")


@router.post("/refresh-loras", summary="Look at the model folders again")
def refresh_loras(services: ServicesOf) -> None:
    """Finds files that came or went since the start."""
    services.models.refresh()


@router.get("/embeddings", summary="The textual inversions there are")
def embeddings(services: ServicesOf) -> dict[str, Any]:
    """Loaded are those that fit the server's checkpoint; in prompts for it others are words."""
    every = {record.name: record for record in services.models.embeddings()}
    checkpoint = services.options.checkpoint()
    fitting = () if checkpoint is None else Library(services.models).embeddings(checkpoint)
    names = every.keys() if checkpoint is None else {record.name for record in fitting}
    return {
        "loaded": {name: _embedding(one) for name, one in every.items() if name in names},
        "skipped": {name: _embedding(one) for name, one in every.items() if name not in names},
    }


@router.post("/refresh-embeddings", summary="Look at the model folders again")
def refresh_embeddings(services: ServicesOf) -> None:
    """Finds files that came or went since the start."""
    services.models.refresh()


@router.get("/prompt-styles", summary="The saved styles")
def prompt_styles(services: ServicesOf) -> list[dict[str, str | None]]:
    """In the order of their files; of several files each begins with a line that names it."""
    files = Library(services.models).style_files()
    items = [item for path, styles in files for item in (_divider(path), *map(_style, styles))]
    return items if len(files) > 1 else items[1:]


@router.get("/scripts", summary="The scripts there are")
async def scripts() -> dict[str, list[str]]:
    """Those that are chosen first, then those that are always on."""
    return {tab: [script.name for script in scripts_of(tab)] for tab in _TABS}


@router.get("/script-info", summary="What the scripts are told")
def script_info(services: ServicesOf) -> list[dict[str, Any]]:
    """Arguments in their order, for each tab."""
    titles = [record.title for record in services.models.checkpoints()]
    names = upscaler_names(services.models)
    return [_script(script, tab, titles, names) for tab in _TABS for script in scripts_of(tab)]


def _add_empty(name: str, answer: Any) -> None:
    async def empty() -> Any:
        """An empty list, so that clients that ask for it at their start go on."""
        return answer

    router.add_api_route(f"/{name}", empty, methods=["GET"], summary=f"No {name} yet", name=name)


for _name, _answer in _EMPTY.items():
    _add_empty(_name, _answer)


def _divider(path: Path) -> dict[str, str | None]:
    """A1111's habit: a style that is none, but reads like a heading in a list of styles."""
    name = f" {path.stem.upper()} ".center(40, "-")
    return {"name": name, "prompt": None, "negative_prompt": None}


def _style(style: Style) -> dict[str, str | None]:
    return {
        "name": style.name,
        "prompt": style.prompt,
        "negative_prompt": style.negative_prompt,
    }


def _sampler(sampler: SamplerInfo) -> dict[str, Any]:
    return {"name": sampler.name, "aliases": list(sampler.aliases), "options": sampler.options}


def _schedule(schedule: ScheduleInfo) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "label": schedule.label,
        "aliases": list(schedule.aliases) or None,
        "default_rho": -1.0 if schedule.default_rho is None else schedule.default_rho,
        "need_inner_model": schedule.reads_table,
    }


def _embedding(record: EmbeddingRecord) -> dict[str, Any]:
    return {
        "step": record.step,
        "sd_checkpoint": record.sd_checkpoint,
        "sd_checkpoint_name": record.sd_checkpoint_name,
        "shape": record.width,
        "vectors": record.vectors,
    }


def _script(
    script: ScriptInfo, tab: Tab, checkpoints: list[str], upscalers: Sequence[str]
) -> dict[str, Any]:
    if script is XYZ_PLOT:
        script = plot_info(tab, checkpoints)
    if script is SD_UPSCALE:
        script = sd_upscale_info(upscalers)
    return {
        "name": script.name,
        "is_alwayson": script.always_on,
        "is_img2img": tab == "img2img",
        "args": [
            {
                "label": argument.label,
                "value": argument.value,
                "minimum": argument.minimum,
                "maximum": argument.maximum,
                "step": argument.step,
                "choices": None if argument.choices is None else list(argument.choices),
            }
            for argument in script.arguments
        ],
    }


def _json(text: str) -> Response:
    """Written by hand: to check ten thousand items would take longer than to find them."""
    return Response(text, media_type="application/json")


def _adapter(record: AdapterRecord, metadata: str) -> str:
    item = {"name": record.name, "alias": record.alias, "path": str(record.path)}
    return f'{json.dumps(item)[:-1]}, "metadata": {metadata}}}'


def _checkpoint(record: ModelRecord) -> dict[str, Any]:
    return {
        "title": record.title,
        "model_name": record.model_name,
        "hash": record.shorthash,
        "sha256": record.sha256,
        "filename": str(record.path),
        "config": None if record.config_path is None else str(record.config_path),
    }
