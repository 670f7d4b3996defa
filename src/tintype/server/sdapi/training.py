"""A1111's calls that train: there in name, for what they ask is not to be had yet."""

from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Body

from tintype.errors import InvalidRequest

router = APIRouter()

_Arguments = Annotated[dict[str, Any], Body()]


@router.post("/create/embedding", summary="Begin an embedding: not to be had yet")
async def create_embedding(arguments: _Arguments) -> None:
    """Always 422."""
    _refuse("create/embedding", "embeddings cannot be made here yet")


@router.post("/create/hypernetwork", summary="Begin a hypernetwork: not to be had yet")
async def create_hypernetwork(arguments: _Arguments) -> None:
    """Always 422."""
    _refuse("create/hypernetwork", "hypernetworks cannot be made here yet")


@router.post("/train/embedding", summary="Train an embedding: not to be had yet")
async def train_embedding(arguments: _Arguments) -> None:
    """Always 422."""
    _refuse("train/embedding", "embeddings cannot be trained here yet")


@router.post("/train/hypernetwork", summary="Train a hypernetwork: not to be had yet")
async def train_hypernetwork(arguments: _Arguments) -> None:
    """Always 422."""
    _refuse("train/hypernetwork", "hypernetworks cannot be trained here yet")


def _refuse(call: str, text: str) -> NoReturn:
    used = "; embeddings that were trained elsewhere are used from the folder embeddings"
    raise InvalidRequest(call, f"{text}{used if 'embedding' in call else ''}")
