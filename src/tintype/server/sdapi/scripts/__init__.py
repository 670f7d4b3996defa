"""A1111's scripts: which there are, and what each makes of a body."""

from collections.abc import Callable

from tintype.server.sdapi.asking.fields import GenerationBody
from tintype.server.sdapi.asking.work import Work
from tintype.server.sdapi.scripts.base import Tools
from tintype.server.sdapi.scripts.catalogue import (
    PROMPT_MATRIX,
    PROMPTS_FROM_FILE,
    XYZ_PLOT,
    find_script,
)
from tintype.server.sdapi.scripts.feeding import FEEDING
from tintype.server.sdapi.scripts.lines import prompts_from_file
from tintype.server.sdapi.scripts.matrix import prompt_matrix
from tintype.server.sdapi.scripts.plot import xyz_plot

__all__ = ["Tools", "scripted"]

_SCRIPTS: dict[str, Callable[[GenerationBody, Tools], Work]] = {
    PROMPT_MATRIX.name: prompt_matrix,
    PROMPTS_FROM_FILE.name: prompts_from_file,
    XYZ_PLOT.name: xyz_plot,
} | FEEDING


def scripted(body: GenerationBody, tools: Tools) -> Work:
    """What the body's script makes of it; without one, what the body asks for.

    Raises:
        InvalidRequest: there is no such script, or its arguments make no sense.
    """
    if body.script_name in (None, "", "None"):
        return Work((tools.ask(body),))
    return _SCRIPTS[find_script(str(body.script_name), tools.tab).name](body, tools)
