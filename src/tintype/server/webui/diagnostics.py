"""What A1111's page shows of the program itself: options by name, the system, the start."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import distributions
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from tintype import __version__
from tintype.server.sdapi.memory import ram_of
from tintype.server.seeing.status import worker_of
from tintype.server.services import Services, ServicesOf

router = APIRouter()


@router.get("/ping", summary="Is anybody there?")
async def ping() -> dict[str, str]:
    """An empty object, without a look at anything."""
    return {}


@router.get("/quicksettings-hint", summary="The options by name and label")
def quicksettings_hint(services: ServicesOf) -> list[dict[str, str]]:
    """Every option; labels are the names, made readable."""
    return [{"name": name, "label": _label(name)} for name in services.options.values()]


@router.get("/profile-startup", summary="How long the start took")
async def profile_startup(services: ServicesOf) -> dict[str, Any]:
    """Seconds of the worker's last start, and its phases; zero before there was one."""
    return _startup(services)


@router.get("/sysinfo", summary="What runs here, for reports of faults")
def sysinfo(services: ServicesOf) -> dict[str, Any]:
    """Versions, memory, options. Nothing of passwords, keys or the environment is in it."""
    return _system(services)


@router.get("/sysinfo-download", summary="The same as a file", response_model=dict[str, Any])
def sysinfo_download(services: ServicesOf) -> Response:
    """For a browser to save."""
    name = f"sysinfo-{datetime.now():%Y-%m-%d-%H-%M}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = json.dumps(_system(services), indent=4)
    return Response(text, media_type="application/json", headers=headers)


def _label(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _startup(services: Services) -> dict[str, Any]:
    records: Mapping[str, float] = services.worker.start_seconds or {}
    return {"total": round(sum(records.values()), 3), "records": dict(records)}


def _system(services: Services) -> dict[str, Any]:
    return {
        "Platform": platform.platform(),
        "Python": platform.python_version(),
        "Version": __version__,
        "Data path": services.flags["data_dir"],
        "Extensions dir": None,
        "Worker": worker_of(services.worker.view),
        "CPU": {"model": platform.processor(), "count logical": os.cpu_count()},
        "RAM": ram_of(services),
        "Extensions": [],
        "Inactive extensions": [],
        "Config": services.options.values(),
        "Startup": _startup(services),
        "Packages": sorted(_packages(), key=str.casefold),
    }


def _packages() -> set[str]:
    return {f"{one.metadata['Name']}=={one.version}" for one in distributions()}
