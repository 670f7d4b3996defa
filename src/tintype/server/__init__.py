"""HTTP: A1111's dialect, probes, and two plain pages. Reaches the engine through jobs alone."""

from tintype.server.app import create_app
from tintype.server.sdapi.options import Options
from tintype.server.services import Services

__all__ = ["Options", "Services", "create_app"]
