"""What there is: the first call of somebody who knows nothing but the address."""

from pydantic import BaseModel, Field

from tintype import __version__

_LINKS = {
    "jobs": "/v1/jobs",
    "images": "/v1/images",
    "models": "/v1/models",
    "styles": "/v1/styles",
    "wildcards": "/v1/wildcards",
    "presets": "/v1/presets",
    "status": "/v1/status",
    "openapi": "/openapi.json",
    "docs": "/docs",
    "ready": "/readyz",
    "a1111": "/sdapi/v1",
}


class RootAnswer(BaseModel):
    """What this is, and where to go on."""

    name: str = Field(description='"tintype"')
    version: str = Field(description="of this program")
    links: dict[str, str] = Field(description="where more is to be had, by what it is")


async def root() -> RootAnswer:
    """Needs nothing and costs nothing."""
    return RootAnswer(name="tintype", version=__version__, links=_LINKS)
