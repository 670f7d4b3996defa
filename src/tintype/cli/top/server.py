"""The server that is looked at, and why it cannot be."""

import base64
import json
from dataclasses import dataclass
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tintype.cli.top.frame import frame
from tintype.cli.top.rates import Rates, Status
from tintype.errors import SetupError

_PATIENCE_SECONDS = 5.0


class Unreachable(SetupError):  # noqa: N818 - reads as the sentence it is
    """A server does not answer, or not as one of ours; says why."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to look, and as whom.

    Attributes:
        url: of the server, with or without a slash at its end.
        key: API key, or None.
        user: "name:password", or None.
    """

    url: str
    key: str | None = None
    user: str | None = None

    def status(self) -> Status:
        """What it says of itself now. Raises `Unreachable`."""
        try:
            request = Request(self.url.rstrip("/") + "/v1/status", headers=self._headers())
            with urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
                return _read(answer.read(), self.url)
        except HTTPError as error:
            error.close()
            raise Unreachable(_refusal(error.code, self.url)) from error
        except URLError as error:
            raise Unreachable(f"{self.url} cannot be reached: {_why(error.reason)}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"{self.url} cannot be reached: {_why(error)}") from error

    def _headers(self) -> dict[str, str]:
        if self.key is not None:
            return {"Authorization": f"Bearer {self.key}"}
        if self.user is not None:
            return {"Authorization": f"Basic {base64.b64encode(self.user.encode()).decode()}"}
        return {}


def _read(body: bytes, url: str) -> Status:
    try:
        status = json.loads(body)
        frame(status, Rates())
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreachable(f"{url} does not answer as a Tintype server of this version") from error
    return status


def _refusal(code: int, url: str) -> str:
    match code:
        case 401 | 403:
            return f"{url} wants another login (HTTP {code}): give --key or --user name:password"
        case 404:
            return f"{url} has no /v1/status: is it a Tintype server?"
        case _:
            return f"{url} answers HTTP {code}"


def _why(reason: object) -> str:
    """The system's words without its numbers."""
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
