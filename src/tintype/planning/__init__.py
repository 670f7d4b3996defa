"""From a request to plans: defaults, sizes, seeds and names settled, everything checked."""

from tintype.planning.infotext import Shown, extra_parameters, infotext_for
from tintype.planning.library import Library
from tintype.planning.plan import plan, random_seed

__all__ = ["Library", "Shown", "extra_parameters", "infotext_for", "plan", "random_seed"]
