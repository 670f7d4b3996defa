"""Reading where models are fetched from, and whether anything may be; no token is ever repeated.

| flag | variable | value |
|---|---|---|
| `--hf-endpoint` | `TINTYPE_HF_ENDPOINT`, `HF_ENDPOINT` | a mirror of Hugging Face |
| `--civitai-endpoint` | `TINTYPE_CIVITAI_ENDPOINT` | a mirror of Civitai |
|  | `HF_TOKEN` | of Hugging Face |
|  | `CIVITAI_TOKEN` | of Civitai |
| `--offline` | `TINTYPE_OFFLINE` | true: ask no other machine |
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from tintype.core.settings import FetchConfig
from tintype.errors import SetupError
from tintype.settings.given import Given, Look, is_on

_EXPECTED = "an address such as https://huggingface.co"


def read_fetching(look: Look, environment: Mapping[str, str]) -> FetchConfig:
    """Endpoints and tokens.

    Raises:
        SetupError: a value is of no use.
    """
    usual = FetchConfig()
    return FetchConfig(
        hub=_endpoint(look("hf-endpoint") or _foreign("HF_ENDPOINT", environment), usual.hub),
        civitai=_endpoint(look("civitai-endpoint"), usual.civitai),
        hub_token=_token("HF_TOKEN", environment),
        civitai_token=_token("CIVITAI_TOKEN", environment),
        is_offline=is_on(look("offline")),
    )


def _foreign(variable: str, environment: Mapping[str, str]) -> Given | None:
    value = environment.get(variable)
    return Given(variable, value) if value else None


def _endpoint(said: Given | None, usual: str) -> str:
    if said is None:
        return usual
    url = str(said.value).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        _ = parts.port
    except ValueError as error:
        raise said.refuse(_EXPECTED) from error
    if parts.scheme not in ("https", "http") or not parts.hostname or not is_plain:
        raise said.refuse(_EXPECTED)
    return url


def _token(variable: str, environment: Mapping[str, str]) -> str | None:
    token = environment.get(variable, "").strip()
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise SetupError(f"{variable}: there is something in it that no token has")
    return token or None
