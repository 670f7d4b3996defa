"""From a request to plans: defaults, sizes, seeds and names settled, everything checked."""

from tintype.planning.forecast import Forecast, forecast
from tintype.planning.infotext import Shown, extra_parameters, infotext_for
from tintype.planning.library import Library
from tintype.planning.plan import plan, random_seed
from tintype.planning.upscaling import enlargement

__all__ = [
    "Forecast",
    "Library",
    "Shown",
    "enlargement",
    "extra_parameters",
    "forecast",
    "infotext_for",
    "plan",
    "random_seed",
]
