"""Moving in from A1111, Forge or ComfyUI: what comes along, what does not, and why."""

from tintype.cli.importing.moving import Moving, move, moved_from
from tintype.cli.importing.telling import tell

__all__ = ["Moving", "move", "moved_from", "tell"]
