"""What there is: samplers, checkpoints, options, and the lists that are still empty."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from tintype.core.models import ModelRecord
from tintype.core.samplers import SAMPLERS, SCHEDULES, SamplerInfo, ScheduleInfo
from tintype.server.services import ServicesOf

router = APIRouter()

_DEFAULT_RHO = {"karras": 7.0}
_FROM_THE_NETWORK = frozenset({"uniform"})  # schedules A1111 reads off the network's own levels

_EMPTY: dict[str, Any] = {  # so that clients that ask for them at their start go on
    "embeddings": {"loaded": {}, "skipped": {}},
    "extensions": [],
    "face-restorers": [],
    "hypernetworks": [],
    "latent-upscale-modes": [],
    "loras": [],
    "prompt-styles": [],
    "script-info": [],
    "scripts": {"txt2img": [], "img2img": []},
    "sd-vae": [],
    "upscalers": [],
}


@router.get("/samplers", summary="The samplers there are")
async def samplers() -> list[dict[str, Any]]:
    """In the order a client should show them."""
    return [_sampler(sampler) for sampler in SAMPLERS]


@router.get("/schedulers", summary="The schedules there are")
async def schedulers() -> list[dict[str, Any]]:
    """A1111 calls them schedulers."""
    return [_schedule(schedule) for schedule in SCHEDULES]


@router.get("/sd-models", summary="The checkpoints there are")
def sd_models(services: ServicesOf) -> list[dict[str, Any]]:
    """Hashes are null until somebody has needed them."""
    return [_checkpoint(record) for record in services.models.checkpoints()]


@router.post("/refresh-checkpoints", summary="Look at the model folders again")
def refresh_checkpoints(services: ServicesOf) -> None:
    """Finds files that came or went since the start."""
    services.models.refresh()


@router.get("/options", summary="The server's options")
def get_options(services: ServicesOf) -> dict[str, Any]:
    """Those that mean something here; A1111 has a few hundred."""
    return services.options.values()


@router.post("/options", summary="Change the server's options for later requests")
def set_options(services: ServicesOf, changes: Annotated[dict[str, Any], Body()]) -> None:
    """All of the changes or none; forgotten when the server ends."""
    services.options.set(changes)


@router.get("/cmd-flags", summary="The few of A1111's flags that mean something here")
async def cmd_flags(services: ServicesOf) -> dict[str, Any]:
    """Dashes are underscores, as A1111 shows them."""
    config = services.config
    return {"api": True, "nowebui": True, "server_name": config.host, "port": config.port}


def _add_empty(name: str, answer: Any) -> None:
    async def empty() -> Any:
        return answer

    router.add_api_route(f"/{name}", empty, methods=["GET"], summary=f"No {name} yet", name=name)


for _name, _answer in _EMPTY.items():
    _add_empty(_name, _answer)


def _sampler(sampler: SamplerInfo) -> dict[str, Any]:
    options: dict[str, str] = {}
    if sampler.default_schedule is not None:
        options["scheduler"] = sampler.default_schedule.lower()
    if sampler.is_ancestral:
        options["uses_ensd"] = "True"
    return {"name": sampler.name, "aliases": list(sampler.aliases), "options": options}


def _schedule(schedule: ScheduleInfo) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "label": schedule.label,
        "aliases": None,
        "default_rho": _DEFAULT_RHO.get(schedule.name, -1.0),
        "need_inner_model": schedule.name in _FROM_THE_NETWORK,
    }


def _checkpoint(record: ModelRecord) -> dict[str, Any]:
    return {
        "title": record.title,
        "model_name": record.model_name,
        "hash": record.shorthash,
        "sha256": record.sha256,
        "filename": str(record.path),
        "config": None if record.config_path is None else str(record.config_path),
    }
