"""From a request to a plan: defaults, sizes, seeds and names settled, everything checked."""

from tintype.planning.infotext import infotext_for
from tintype.planning.plan import plan, random_seed

__all__ = ["infotext_for", "plan", "random_seed"]
