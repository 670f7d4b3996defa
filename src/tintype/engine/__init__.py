"""The tick: choose who goes, run one batch, hand back the answers; and what is in memory."""

from tintype.core.orders import is_loggable
from tintype.engine.budgets import Budgets
from tintype.engine.captioners import Captioners
from tintype.engine.checkpoints import Checkpoints
from tintype.engine.engine import Engine
from tintype.engine.faces import FaceNetworks
from tintype.engine.failures import FORESEEN, is_out_of_memory
from tintype.engine.measuring import resident_bytes
from tintype.engine.outcomes import Advanced, Failed, Finished, Outcome
from tintype.engine.passes import Passes
from tintype.engine.residency import Residency
from tintype.engine.upscalers import Upscalers

__all__ = [
    "FORESEEN",
    "Advanced",
    "Budgets",
    "Captioners",
    "Checkpoints",
    "Engine",
    "FaceNetworks",
    "Failed",
    "Finished",
    "Outcome",
    "Passes",
    "Residency",
    "Upscalers",
    "is_loggable",
    "is_out_of_memory",
    "resident_bytes",
]
