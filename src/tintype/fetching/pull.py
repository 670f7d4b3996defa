"""From an address to a model in its folder."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tintype.core.settings import FetchConfig
from tintype.errors import FetchError, InvalidRequest, ModelError, SetupError
from tintype.fetching.addresses import (
    Address,
    BucketAddress,
    CivitaiAddress,
    HubAddress,
    LocalAddress,
    WebAddress,
    read_address,
)
from tintype.fetching.buckets import open_bucket
from tintype.fetching.civitai import Civitai
from tintype.fetching.hub import Hub
from tintype.fetching.kinds import folder_for, kind_ahead, kind_of, require_kind
from tintype.fetching.local import offer_from_disk
from tintype.fetching.names import chosen_name
from tintype.fetching.offers import KINDS, Kind, Offer, RemoteFile
from tintype.fetching.part import part_of
from tintype.fetching.records import FetchedFile, Record, is_as_fetched, read_record, write_record
from tintype.fetching.sidecars import write_sidecars
from tintype.fetching.staging import fetch_folder
from tintype.fetching.transfer import Manner, patiently, receive
from tintype.fetching.web import Web, origin
from tintype.fetching.web_offers import offer_from_web
from tintype.modelstore.hashes import sha256_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model somebody wants.

    Attributes:
        address: see `fetching.addresses`.
        kind: what it is, or None to go by its source and its header.
        name: what it is to be called, without extension, or None for its own name.
        variant: "fp16" and the like, or None.
        revision: of a repository, or None for the one in the address.
        sha256: of the file, or None.
        token: for its host alone, instead of the configured one.
    """

    address: str
    kind: Kind | None = None
    name: str | None = None
    variant: str | None = None
    revision: str | None = None
    sha256: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A model that is here now.

    Attributes:
        path: its file or folder.
        kind: what it is.
        state: "fetched", or "there" where it was already.
        bytes: its size.
        checked: its source, or whoever asked, had named the hash of every large file.
        remarks: small things that were left out, in words.
    """

    path: Path
    kind: Kind
    state: Literal["fetched", "there"]
    bytes: int
    checked: bool
    remarks: tuple[str, ...] = ()


def pull(wanted: Wanted, root: Path, config: FetchConfig, manner: Manner | None = None) -> Pulled:
    """Fetch a model, see to it that it is whole and what it should be, and put it away.

    What is interrupted goes on at the next call with the same `wanted`.

    Args:
        wanted: what, and from where.
        root: the model folder it goes to; laid out as A1111 does.
        config: endpoints and tokens, and whether anything may be asked at all.
        manner: how progress is told and time is passed.

    Raises:
        InvalidRequest: the address is none, or leaves a choice; lists it.
        FetchError: it does not come, or is not what was said.
        ModelError: what came is no model.
        BusyError: another process is fetching it.
        SetupError: the disk is full or closed, or everything is to stay offline.
    """
    address = _addressed(wanted, config)
    manner = manner or Manner()
    if config.is_offline and not isinstance(address, LocalAddress):
        raise SetupError(
            f"{wanted.address} is not fetched: --offline or TINTYPE_OFFLINE forbids it"
        )
    with Web(_tokens(address, wanted, config)) as web, _disk_in_words(wanted):
        offer = _offer(address, wanted, config, web, manner)
        put_away = _pull_folder if offer.is_folder else _pull_file
        return put_away(offer, wanted, root, manner)


@contextmanager
def _disk_in_words(wanted: Wanted) -> Generator[None]:
    try:
        yield
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        raise SetupError(f"{wanted.address} cannot be kept, {error.strerror}{place}") from error


def _addressed(wanted: Wanted, config: FetchConfig) -> Address:
    address = read_address(wanted.address, (_host(config.hub),), (_host(config.civitai),))
    if wanted.revision is None:
        return address
    if not isinstance(address, HubAddress):
        raise InvalidRequest("--revision", "only repositories of Hugging Face have revisions")
    return replace(address, revision=wanted.revision)


def _host(endpoint: str) -> str:
    return endpoint.partition("://")[2].lower()


def _tokens(address: Address, wanted: Wanted, config: FetchConfig) -> dict[str, str]:
    """Each token by the one place it is meant for."""
    tokens = {origin(config.hub): config.hub_token, origin(config.civitai): config.civitai_token}
    if wanted.token is not None:
        match address:
            case HubAddress():
                tokens[origin(config.hub)] = wanted.token
            case CivitaiAddress():
                tokens[origin(config.civitai)] = wanted.token
            case WebAddress(url):
                tokens[_safe_origin(url)] = wanted.token
            case _:
                raise InvalidRequest("--token", f"{wanted.address} takes none")
    return {place: token for place, token in tokens.items() if token}


def _safe_origin(url: str) -> str:
    place = origin(url)
    if place.startswith("http://") and not place.startswith(("http://127.", "http://localhost:")):
        raise InvalidRequest("--token", f"{place} is not encrypted; a token is sent to https alone")
    return place


def _offer(
    address: Address, wanted: Wanted, config: FetchConfig, web: Web, manner: Manner
) -> Offer:
    match address:
        case HubAddress():
            return Hub(config.hub, web, manner).offer(address, wanted.variant)
        case CivitaiAddress():
            return Civitai(config.civitai, web, manner).offer(address, wanted.variant)
        case WebAddress(url):
            return offer_from_web(url, web, manner)
        case BucketAddress(bucket, _):
            return open_bucket(bucket).offer(address, wanted.variant)
        case LocalAddress():
            return offer_from_disk(address, wanted.variant)


def _pull_folder(offer: Offer, wanted: Wanted, root: Path, manner: Manner) -> Pulled:
    if wanted.kind not in (None, "checkpoint") or wanted.sha256 is not None:
        raise InvalidRequest(
            "address", f"{wanted.address} is a diffusers folder: a checkpoint without one hash"
        )
    target = folder_for("checkpoint", root) / _name(offer, wanted)
    checked = all(f.sha256 for f in offer.files if not f.name.endswith((".json", ".txt")))
    if target.exists():
        _require_same(target, offer)
        return Pulled(target, "checkpoint", "there", _bytes_below(target), checked)
    files = fetch_folder(offer, target, manner)
    write_record(target, Record(offer.address, files))
    return Pulled(target, "checkpoint", "fetched", sum(f.bytes for f in files.values()), checked)


def _pull_file(offer: Offer, wanted: Wanted, root: Path, manner: Manner) -> Pulled:
    remote = _with_hash(offer.files[0], wanted)
    name = f"{_name(offer, wanted)}{Path(remote.name).suffix.lower()}"
    kind = wanted.kind or offer.kind
    if (there := _already(offer, remote, kind, root, name)) is not None:
        return there
    kind = _settled_kind(remote, kind, manner)
    target = folder_for(kind, root) / name
    if target.exists():
        _require_same_file(target, remote)
        return Pulled(target, kind, "there", target.stat().st_size, remote.sha256 is not None)
    remarks: list[str] = []

    def write_beside() -> None:  # before anybody can see the model without its config
        remarks.extend(write_sidecars(offer, target, manner))

    fetched = _fetch(remote, target, kind, manner, write_beside)
    write_record(target, Record(offer.address, {target.name: fetched}))
    return Pulled(target, kind, "fetched", fetched.bytes, fetched.stated, tuple(remarks))


def _fetch(
    remote: RemoteFile, target: Path, kind: Kind, manner: Manner, write_beside: Callable[[], None]
) -> FetchedFile:
    with part_of(target) as part:
        if target.exists():  # whoever held the part before us has finished it
            raise FetchError(f"{target} was made meanwhile by somebody else")
        sha256, is_stated = receive(remote, part, manner)
        part.flush()
        try:
            require_kind(*kind_of(part.path, target.name), kind, target.name)
        except (ModelError, FetchError):
            part.discard()
            raise
        write_beside()
        part.become(target)
    status = target.stat()
    return FetchedFile(status.st_size, sha256, is_stated, status.st_mtime_ns)


def _settled_kind(remote: RemoteFile, kind: Kind | None, manner: Manner) -> Kind:
    """By the header, before all of it is fetched; of torch's pickles only what was said."""
    if not remote.name.lower().endswith(".safetensors"):
        if kind is None and remote.name.lower().endswith(".ckpt"):
            return "checkpoint"
        return require_kind(None, "a file that does not say what it is", kind, remote.name)
    found: list[Kind | None] = []
    words: list[str] = []

    def ask() -> None:
        one, told = kind_ahead(remote)
        found.append(one)
        words.append(told)

    patiently(ask, lambda: False, manner)
    return require_kind(found[-1], words[-1], kind, remote.name)


def _with_hash(remote: RemoteFile, wanted: Wanted) -> RemoteFile:
    if wanted.sha256 is None:
        return remote
    sha256 = wanted.sha256.strip().lower()
    if len(sha256) != 64 or any(digit not in "0123456789abcdef" for digit in sha256):
        raise InvalidRequest("--sha256", "expected the 64 digits of a SHA-256")
    if remote.sha256 not in (None, sha256):
        raise FetchError(f"{remote.name} has SHA-256 {remote.sha256} there, not the one you gave")
    return replace(remote, sha256=sha256)


def _name(offer: Offer, wanted: Wanted) -> str:
    return offer.name if wanted.name is None else chosen_name(wanted.name)


def _already(
    offer: Offer, remote: RemoteFile, kind: Kind | None, root: Path, name: str
) -> Pulled | None:
    """The same file from the same address, if it is where it would be put; nothing is asked."""
    for place in (kind,) if kind else KINDS:
        target = folder_for(place, root) / name
        record = read_record(target)
        file = None if record is None else record.files.get(target.name)
        if record is None or file is None or record.address != offer.address:
            continue
        is_same = remote.sha256 in (None, file.sha256) and remote.bytes in (None, file.bytes)
        if is_same and is_as_fetched(target, file):
            return Pulled(target, place, "there", file.bytes, file.stated)
    return None


def _require_same(target: Path, offer: Offer) -> None:
    record = read_record(target)
    if record is None or record.address != offer.address:
        raise FetchError(f"there is another folder {target}; give this one a --name of its own")


def _require_same_file(target: Path, remote: RemoteFile) -> None:
    is_same_size = remote.bytes in (None, target.stat().st_size)
    if remote.sha256 is None or not is_same_size or sha256_of([target]) != remote.sha256:
        raise FetchError(f"there is another file {target}; give this one a --name of its own")


def _bytes_below(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
