"""Models from somewhere else: Hugging Face, Civitai, object storage, the web, this machine."""

from tintype.fetching.offers import KINDS, Kind
from tintype.fetching.pull import Pulled, Wanted, pull
from tintype.fetching.transfer import Manner, Tell

__all__ = ["KINDS", "Kind", "Manner", "Pulled", "Tell", "Wanted", "pull"]
