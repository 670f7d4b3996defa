"""ADetailer's calls: it is not to be had yet, so there are no models and nothing to be set."""

from typing import Any

from fastapi import APIRouter

router = APIRouter(prefix="/adetailer/v1", tags=["adetailer"])


@router.get("/version", summary="Which version this is: none")
async def version() -> dict[str, str]:
    """Zero stands for none."""
    return {"version": "0.0.0"}


@router.get("/schema", summary="What a unit may say: nothing")
async def schema() -> dict[str, Any]:
    """A JSON schema without fields."""
    return {"title": "ADetailerArgs", "type": "object", "properties": {}}


@router.get("/ad_model", summary="The detectors there are: none")
async def ad_model() -> dict[str, list[str]]:
    """Files in the folder are listed once they can be used."""
    return {"ad_model": []}
