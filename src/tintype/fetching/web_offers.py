"""A file behind a plain http(s) address, and what it is called."""

from email.message import Message
from urllib.parse import unquote, urlsplit

from tintype.errors import InvalidRequest
from tintype.fetching.names import fit_name
from tintype.fetching.offers import Offer, RemoteFile
from tintype.fetching.transfer import Manner, patiently
from tintype.fetching.web import Web, WebFile, shortened
from tintype.tensorfiles import WEIGHTS


def offer_from_web(url: str, web: Web, manner: Manner) -> Offer:
    """The file at an address, called as its server or the end of its path says.

    Raises:
        InvalidRequest: neither is the name of a file of weights.
        FetchError: it cannot be asked.
    """
    name = fit_name(unquote(urlsplit(url).path).rsplit("/", 1)[-1] or "model")
    if not name.lower().endswith(WEIGHTS):
        name = _name_by_server(url, web, manner) or name
    if not name.lower().endswith(WEIGHTS):
        raise InvalidRequest(
            "address", f"{shortened(url)} is no file of weights: {name}; known are {_KNOWN}"
        )
    remote = RemoteFile(name, WebFile(web, url))
    return Offer(shortened(url), name.rpartition(".")[0], (remote,))


_KNOWN = ", ".join(WEIGHTS)


def _name_by_server(url: str, web: Web, manner: Manner) -> str | None:
    told: list[str] = []

    def ask() -> None:
        with web.stream(url, {}, lambda _: None) as (answer, _):
            told.append(answer.headers.get("content-disposition", ""))

    patiently(ask, lambda: False, manner)
    message = Message()
    message["content-disposition"] = told[-1]
    name = message.get_filename()
    return fit_name(name) if name else None
