"""The settings of a command, and the first thing they ask for."""

import os
from collections.abc import Mapping

from tintype.settings import Settings, read_settings


def settled(flags: Mapping[str, object]) -> Settings:
    """What flags and environment ask for; with `--offline` no other machine is reached from here.

    Raises:
        SetupError: a value is of no use.
    """
    settings = read_settings(flags, os.environ)
    if settings.fetch.is_offline:
        from tintype.core.offline import stay_offline

        stay_offline()
    return settings
