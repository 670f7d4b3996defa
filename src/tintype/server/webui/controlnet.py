"""ControlNet's calls: nothing can be detected or controlled yet, so the lists are empty."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from tintype.errors import InvalidRequest

router = APIRouter(prefix="/controlnet", tags=["controlnet"])

_PROTOCOL = 3  # whose shapes these are
_NOT_YET = "ControlNet is not to be had here yet"


@router.get("/version", summary="Which protocol this is")
async def version() -> dict[str, int]:
    """That of ControlNet's own API."""
    return {"version": _PROTOCOL}


@router.get("/model_list", summary="The ControlNets there are: none")
async def model_list(update: bool = True) -> dict[str, list[str]]:  # noqa: FBT001, FBT002
    """Files in the folder are listed once they can be used."""
    return {"model_list": []}


@router.get("/module_list", summary="The preprocessors there are: none")
async def module_list(alias_names: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002
    """`none` is the one that does nothing."""
    nothing = {"model_free": False, "sliders": list[Any]()}
    return {"module_list": ["none"], "module_detail": {"none": nothing}}


@router.get("/control_types", summary="The kinds of control there are: none")
async def control_types() -> dict[str, Any]:
    """`All` of nothing."""
    nothing = {
        "module_list": ["none"],
        "model_list": ["None"],
        "default_option": "none",
        "default_model": "None",
    }
    return {"control_types": {"All": nothing}}


@router.get("/settings", summary="How many units there are: none")
async def settings() -> dict[str, int]:
    """So that clients show none."""
    return {"control_net_unit_count": 0}


@router.post("/detect", summary="Prepare pictures: not to be had yet")
async def detect(body: Annotated[dict[str, Any], Body()]) -> None:
    """Always 422."""
    raise InvalidRequest("controlnet_module", f"{_NOT_YET}, so there are no preprocessors")


@router.post("/render_openpose_json", summary="Draw poses: not to be had yet")
async def render_openpose_json(body: Annotated[list[Any], Body()]) -> None:
    """Always 422."""
    raise InvalidRequest("body", f"{_NOT_YET}, so poses cannot be drawn")
