"""Which program a folder belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tintype.cli.importing.old_files import is_folder
from tintype.errors import SetupError

Program = Literal["AUTOMATIC1111", "Forge", "ComfyUI"]
_INSIDE = ("webui", "stable-diffusion-webui", "stable-diffusion-webui-forge", "ComfyUI")
"""What the packages of these programs call the folder with everything in it."""


@dataclass(frozen=True, slots=True)
class Tree:
    """An old install.

    Attributes:
        root: the folder its models and settings are in.
        program: whose it is.
    """

    root: Path
    program: Program

    @property
    def is_webui(self) -> bool:
        """It has A1111's files."""
        return self.program != "ComfyUI"


def tree_at(folder: Path) -> Tree:
    """The install in a folder, or one folder below, as one-click packages have it.

    Raises:
        SetupError: there is no such folder, or no such program in it.
    """
    root = folder.expanduser().absolute()
    if not is_folder(root):
        raise SetupError(f"there is no folder {root}; expected one of A1111, Forge or ComfyUI")
    for place in (root, *(root / name for name in _INSIDE)):
        if (program := _program(place)) is not None:
            return Tree(place, program)
    raise SetupError(
        f"{root} belongs to no program known here; expected the folder of AUTOMATIC1111 or Forge "
        "(webui.py, config.json or models/Stable-diffusion in it) or of ComfyUI "
        "(custom_nodes or models/checkpoints)"
    )


def _program(root: Path) -> Program | None:
    if any(_is_there(root, _FORGE)):
        return "Forge"
    if any(_is_there(root, _WEBUI)):
        return "AUTOMATIC1111"
    return "ComfyUI" if any(_is_there(root, _COMFYUI)) else None


_FORGE = ("modules_forge", "backend/nn")
_WEBUI = (
    "webui.py",
    "webui-user.sh",
    "webui-user.bat",
    "ui-config.json",
    "models/Stable-diffusion",
)
_COMFYUI = ("custom_nodes", "comfy", "models/checkpoints")


def _is_there(root: Path, names: tuple[str, ...]) -> Iterator[bool]:
    for name in names:
        try:
            yield (root / name).exists()
        except OSError:
            yield False
