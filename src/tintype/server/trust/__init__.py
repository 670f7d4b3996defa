"""Who may ask, what, how much and from where: everything before a request is read."""

from dataclasses import dataclass
from socket import gethostname

from tintype.core.settings import TrustConfig
from tintype.keystore import KeyStore
from tintype.server.outgoing.fetching import Fetcher
from tintype.server.trust.hosts import Hosts
from tintype.server.trust.login import Login
from tintype.server.trust.quota import Quotas

__all__ = ["Trust", "trust_of"]


@dataclass(frozen=True, slots=True)
class Trust:
    """What the doors of the server go by."""

    config: TrustConfig
    hosts: Hosts
    login: Login
    quotas: Quotas
    fetcher: Fetcher


def trust_of(config: TrustConfig, keys: KeyStore, bound: str) -> Trust:
    """The doors of a server.

    Args:
        config: what was allowed.
        keys: who holds one.
        bound: name or address the server listens on.
    """
    hosts = Hosts(bound, config, (gethostname(),))
    login, quotas = Login(config, keys, bound), Quotas(keys)
    fetcher = Fetcher(is_on=config.fetches_urls, is_offline=config.is_offline)
    return Trust(config, hosts, login, quotas, fetcher)
