"""`override_settings_restore_afterwards: false`: overrides that stay in force after their request.

As in A1111 they stay until the server ends, or until somebody sets options, which writes all of
them down. They are everybody's then, so it takes the right to manage.
"""

from dataclasses import replace

from tintype.server.sdapi.asking.asked import Asked
from tintype.server.sdapi.options import Options
from tintype.server.trust.identity import Identity

_NOT_ALLOWED = (
    "override_settings_restore_afterwards: the options are everybody's, and changing them takes "
    "the right to manage; they are in force for this request alone"
)


def checked_staying(asked: Asked, identity: Identity) -> Asked:
    """The same, with a warning where overrides shall stay and may not."""
    if not _shall_stay(asked) or identity.manages:
        return asked
    first, *others = asked.work.requests
    first = replace(first, warnings=(*first.warnings, _NOT_ALLOWED))
    return replace(asked, work=replace(asked.work, requests=(first, *others)))


def let_stay(asked: Asked, identity: Identity, options: Options) -> None:
    """Keep the overrides in force, where that was asked for and may be."""
    if _shall_stay(asked) and identity.manages:
        options.keep(asked.body.override_settings or {})


def _shall_stay(asked: Asked) -> bool:
    return bool(asked.body.override_settings) and not (
        asked.body.override_settings_restore_afterwards
    )
