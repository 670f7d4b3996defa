"""Who asks, and what they may; put into `request.state.identity` at the edge."""

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from tintype.core.rights import RIGHTS, Allowance, Right

__all__ = ["ANYBODY", "NOBODY", "RIGHTS", "Identity", "IdentityOf", "Right", "identity_of"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who was let in.

    Attributes:
        owner: their name, as jobs carry it; "" for everybody where no login is on.
        rights: "paint" to have pictures made, "see" to read lists and their own jobs, "manage" for
            everybody's jobs and the server's options.
        allowance: how much they may ask for.
    """

    owner: str
    rights: frozenset[Right]
    allowance: Allowance = field(default_factory=Allowance)

    @property
    def manages(self) -> bool:
        """May see and end everybody's jobs."""
        return "manage" in self.rights

    def may_see(self, owner: str) -> bool:
        """Whether jobs of that owner are theirs to see and to end."""
        return self.manages or owner == self.owner


ANYBODY = Identity("", frozenset(RIGHTS))
"""Whoever asks where no login is on."""

NOBODY = Identity("", frozenset())
"""Whoever asks a probe without the login it takes to hear more."""


def identity_of(request: Request) -> Identity:
    """Who sent a request."""
    return cast("Identity", getattr(request.state, "identity", ANYBODY))


IdentityOf = Annotated[Identity, Depends(identity_of)]
