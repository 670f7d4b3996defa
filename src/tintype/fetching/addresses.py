"""What people write down when they mean a model somewhere else.

| form                                                      | means                               |
|-----------------------------------------------------------|-------------------------------------|
| `owner/repo`, `hf:owner/repo`, `owner/repo@revision`      | a repository of Hugging Face        |
| `owner/repo/folder/file.safetensors`                      | one file of it                      |
| `https://huggingface.co/owner/repo[/blob/main/file]`      | the same, as a browser shows it     |
| `civitai:123`                                             | a model version of Civitai          |
| `civitai:model/456`, `civitai:456@123`                    | its newest version, or that one     |
| `https://civitai.com/models/456?modelVersionId=123`       | the same, as a browser shows it     |
| `urn:air:sdxl:lora:civitai:456@123`                       | the same, as an AIR                 |
| `https://host/file.safetensors`                           | that file                           |
| `s3://bucket/key`, `s3://bucket/prefix/`                  | an object, or a folder of them      |
| `file:PATH`, `/…`, `./…`, `../…`, `~/…`                   | a file or folder of this machine    |
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tintype.errors import InvalidRequest, shown
from tintype.tensorfiles import WEIGHTS

_HUB_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_CIVITAI_HOSTS = ("civitai.com", "www.civitai.com", "civitai.green", "www.civitai.green")
_REPO_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_AIR = re.compile(r"urn:air:[^:]+:[^:]+:(?P<source>[^:]+):(?P<id>.+)", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,12}")
_FORMS = (
    "owner/repo, owner/repo/file.safetensors, civitai:123, civitai:model/456, "
    "an https:// address, s3://bucket/key, or ./file.safetensors"
)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A repository of Hugging Face, or a file of it.

    Attributes:
        repo: "owner/repo".
        revision: branch, tag or commit.
        file: path in the repository, or None for whatever model it is.
    """

    repo: str
    revision: str = "main"
    file: str | None = None


@dataclass(frozen=True, slots=True)
class CivitaiAddress:
    """A model of Civitai by the number of its version, of itself, or both."""

    version: int | None = None
    model: int | None = None


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A file behind an http(s) address."""

    url: str


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """An object of an S3 bucket, or those below a prefix."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """A file or folder of this machine."""

    path: Path


Address = HubAddress | CivitaiAddress | WebAddress | BucketAddress | LocalAddress


def read_address(
    text: str, hub_hosts: Sequence[str] = (), civitai_hosts: Sequence[str] = ()
) -> Address:
    """What somebody means, see the table above.

    Args:
        text: as it was written.
        hub_hosts: further hosts that speak as huggingface.co does, with their port if they have
            one.
        civitai_hosts: further hosts that speak as civitai.com does.

    Raises:
        InvalidRequest: it is none of these forms; lists them.
    """
    word = text.strip()
    if not word or not word.isprintable():
        raise _refused(text)
    scheme, colon, rest = word.partition(":")
    match scheme.lower() if colon else "":
        case "http" | "https":
            return _from_url(word, (*_HUB_HOSTS, *hub_hosts), (*_CIVITAI_HOSTS, *civitai_hosts))
        case "hf":
            return _repository(rest.lstrip("/"), text)
        case "civitai":
            return _civitai(rest, text)
        case "urn":
            return _air(word, text)
        case "s3":
            return _bucket(word, text)
        case "file":
            return LocalAddress(_path(rest.removeprefix("//")))
        case _:
            return _plain(word, text)


def _plain(word: str, text: str) -> Address:
    if word.startswith(("/", "./", "../", "~")):
        return LocalAddress(_path(word))
    if word.count("/") == 1 and word.lower().endswith(WEIGHTS):
        raise InvalidRequest(
            "address", f"{shown(text)} could be a file here (./{word}) or a repository (hf:{word})"
        )
    return _repository(word, text)


def _repository(word: str, text: str) -> HubAddress:
    """`owner/repo[@revision][/file]`; the revision may also stand at the end of the file."""
    owner, _, rest = word.partition("/")
    repo, _, file = rest.partition("/")
    repo, _, revision = repo.partition("@")
    if revision == "refs":  # the one kind of revision that has slashes: refs/pr/1
        kind, number, file = (*file.split("/", 2), "", "")[:3]
        revision = f"refs/{kind}/{number}"
    elif file and not revision:
        file, _, revision = file.partition("@")
    if not (_REPO_PART.fullmatch(owner) and _REPO_PART.fullmatch(repo)):
        raise _refused(text)
    return HubAddress(f"{owner}/{repo}", revision or "main", _relative(file, text) or None)


def _relative(file: str, text: str) -> str:
    parts = file.strip("/").split("/")
    if any(part in (".", "..") for part in parts):
        raise _refused(text)
    return "/".join(parts)


def _from_url(url: str, hub_hosts: Sequence[str], civitai_hosts: Sequence[str]) -> Address:
    parts = _split(url)
    host = parts.netloc.lower()
    if host in hub_hosts:
        return _from_hub_page(parts, url)
    if host in civitai_hosts:
        return _from_civitai_page(parts, url)
    return WebAddress(url)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _refused(url) from error
    if not parts.hostname or " " in url:
        raise _refused(url)
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest("address", "a login in an address is not sent; use --token instead")
    return parts


def _from_hub_page(parts: SplitResult, url: str) -> HubAddress:
    words = [unquote(word) for word in parts.path.strip("/").split("/")]
    if len(words) < 2 or words[0] in ("datasets", "spaces", "api", "docs"):
        raise InvalidRequest("address", f"{shown(url)} is no model repository of Hugging Face")
    at = "/".join(words[:2])
    if len(words) == 2:
        return _repository(at, url)
    if words[2] not in ("blob", "resolve", "tree") or len(words) < 4:
        raise InvalidRequest("address", f"{shown(url)} names no file or branch of {at}")
    plain = _repository(at, url)
    return HubAddress(plain.repo, words[3], _relative("/".join(words[4:]), url) or None)


def _from_civitai_page(parts: SplitResult, url: str) -> CivitaiAddress:
    words = parts.path.strip("/").split("/")
    asked = parse_qs(parts.query).get("modelVersionId", [""])[0]
    match words:
        case ["models", model, *_] if _NUMBER.fullmatch(model):
            return CivitaiAddress(_number(asked, url) if asked else None, int(model))
        case ["api", "download", "models", version] | ["model-versions", version]:
            return CivitaiAddress(_number(version, url))
        case _:
            raise InvalidRequest("address", f"{shown(url)} is no page of a model of Civitai")


def _civitai(word: str, text: str) -> CivitaiAddress:
    if word.startswith("model/"):
        word = f"{word.removeprefix('model/')}@"
    model, at, version = word.partition("@")
    if not at:
        return CivitaiAddress(_number(model, text))
    return CivitaiAddress(_number(version, text) if version else None, _number(model, text))


def _air(word: str, text: str) -> Address:
    match = _AIR.fullmatch(word)
    if match is None:
        raise _refused(text)
    source, which = match["source"].lower(), match["id"]
    if source == "civitai":
        which = which.partition(":")[0].partition(".")[0]  # layer and format are told by the file
        return _civitai(which if "@" in which else f"model/{which}", text)
    if source in ("huggingface", "hf"):
        return _repository(which, text)
    raise InvalidRequest("address", f"{shown(text)}: only civitai and huggingface are known")


def _bucket(word: str, text: str) -> BucketAddress:
    bucket, _, key = word[5:].partition("/")
    if not word.startswith("s3://") or not bucket:
        raise InvalidRequest("address", f"{shown(text)} is not s3://bucket/key")
    return BucketAddress(bucket, key)


def _number(word: str, text: str) -> int:
    if not _NUMBER.fullmatch(word):
        raise _refused(text)
    return int(word)


def _path(word: str) -> Path:
    return Path(word).expanduser().absolute()


def _refused(text: str) -> InvalidRequest:
    return InvalidRequest("address", f"{shown(text)} is no address of a model; expected {_FORMS}")
