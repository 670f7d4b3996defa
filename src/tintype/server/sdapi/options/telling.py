"""What infotext tells, as the options have it."""

from tintype.planning import Shown
from tintype.server.sdapi.options.in_force import Effective


def shown_by(options: Effective) -> Shown:
    """What of the models, and whether the version, is told."""
    return Shown(
        model_name=options["add_model_name_to_info"],
        model_hash=options["add_model_hash_to_info"],
        vae_name=options["add_vae_name_to_info"],
        vae_hash=options["add_vae_hash_to_info"],
        version=options["add_version_to_infotext"],
    )
