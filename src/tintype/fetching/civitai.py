"""Civitai: what a model version is made of, and what is told of it.

Source: Civitai's documented REST API (`/api/v1/model-versions/{id}`, `/api/v1/models/{id}`,
`/api/download/models/{id}`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import httpx

from tintype.core.foreign import as_list, as_mapping
from tintype.errors import FetchError, InvalidRequest
from tintype.fetching.addresses import CivitaiAddress
from tintype.fetching.names import fit_name
from tintype.fetching.offers import Kind, Offer, RemoteFile
from tintype.fetching.transfer import Site
from tintype.fetching.web import WebFile
from tintype.modelstore.sidecars import plain

_KINDS: Mapping[str, Kind] = {
    "checkpoint": "checkpoint",
    "lora": "lora",
    "locon": "lora",
    "dora": "lora",
    "textualinversion": "embedding",
    "vae": "vae",
    "controlnet": "controlnet",
    "upscaler": "upscaler",
}
_WEIGHTS = ("model", "pruned model", "negative", "vae")
_PUBLIC = "https://civitai.com"
_HEX = re.compile(r"[0-9A-Fa-f]{64}")


class Civitai(Site):
    """A server that speaks as civitai.com does."""

    def offer(self, address: CivitaiAddress, variant: str | None) -> Offer:
        """The model version somebody means; the newest where only a model was named.

        Args:
            address: numbers of version or model.
            variant: of several files, the one of this precision ("fp16"), size ("pruned") or
                format; None for the one Civitai calls primary.

        Raises:
            InvalidRequest: it has no such file, or is of a kind that nothing here uses.
            FetchError: it cannot be asked, or offers nothing.
        """
        told = self._version(address)
        version, model = told.get("id"), as_mapping(told.get("model"))
        file = _chosen([as_mapping(entry) for entry in as_list(told.get("files"))], variant)
        name = fit_name(str(file.get("name") or f"civitai-{version}.safetensors"))
        remote = RemoteFile(name, self._source(file, version), sha256=_sha256(file))
        stem = name.rpartition(".")[0] or name
        return Offer(
            f"civitai:{version}",
            stem,
            (remote,),
            kind=_kind(model, file),
            beside=tuple(self._beside(told, version)),
            texts=_texts(told, model, f"{_PUBLIC}/models/{told.get('modelId')}"),
        )

    def _version(self, address: CivitaiAddress) -> Mapping[str, object]:
        if address.version is not None:
            return self.ask(f"v1/model-versions/{address.version}", self._explain)
        model = self.ask(f"v1/models/{address.model}", self._explain)
        versions = as_list(model.get("modelVersions"))
        if not versions:
            raise FetchError(f"model {address.model} of Civitai has no version to fetch")
        newest = as_mapping(versions[0])
        about = {"name": model.get("name"), "type": model.get("type")}
        return {"modelId": address.model, "model": about, **newest}

    def _source(self, file: Mapping[str, object], version: object) -> WebFile:
        url = str(file.get("downloadUrl") or f"{_PUBLIC}/api/download/models/{version}")
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" == _PUBLIC:  # as mirrors repeat it
            url = self.endpoint + url.removeprefix(_PUBLIC)
        return WebFile(self.web, url, self._explain)

    def _beside(self, told: Mapping[str, object], version: object) -> Iterator[RemoteFile]:
        for entry in map(as_mapping, as_list(told.get("files"))):
            if str(entry.get("type")).lower() == "config":
                yield RemoteFile(".yaml", self._source(entry, version), sha256=_sha256(entry))
        if (url := _preview(told)) is not None:
            yield RemoteFile(".preview.*", WebFile(self.web, url))

    def _explain(self, answer: httpx.Response) -> str | None:
        match answer.status_code:
            case 401 | 403:
                which = "another token" if self.web.has_token(self.endpoint) else "a token"
                return (
                    f"Civitai gives this only to those who are logged in, or paid: it needs {which}"
                    "; make one at your account and give it as CIVITAI_TOKEN or --token"
                )
            case 404:
                return "Civitai knows no such model, or no longer"
            case _:
                return None


def _kind(model: Mapping[str, object], file: Mapping[str, object]) -> Kind:
    told = str(model.get("type"))
    if str(file.get("type")).lower() == "vae":
        return "vae"
    kind = _KINDS.get(told.lower())
    if kind is None:
        raise InvalidRequest(
            "address", f"it is of Civitai's type {told!r}, which nothing here uses"
        )
    return kind


def _chosen(files: Sequence[Mapping[str, object]], variant: str | None) -> Mapping[str, object]:
    weights = [file for file in files if str(file.get("type", "model")).lower() in _WEIGHTS]
    if not weights:
        raise FetchError("this version of Civitai's has no file of weights")
    if variant is not None:
        fitting = [file for file in weights if variant.lower() in _variants(file)]
        if not fitting:
            known = sorted({word for file in weights for word in _variants(file)})
            raise InvalidRequest("--variant", f"{variant!r} is not there; there are {known}")
        weights = fitting
    return max(weights, key=_preference)


def _variants(file: Mapping[str, object]) -> set[str]:
    told = as_mapping(file.get("metadata"))
    return {str(told[key]).lower() for key in ("fp", "size", "format") if told.get(key)}


def _preference(file: Mapping[str, object]) -> tuple[bool, bool, bool]:
    kind = str(file.get("type", "model")).lower()
    is_safe = str(file.get("name")).lower().endswith(".safetensors")
    return kind != "vae", bool(file.get("primary")), is_safe


def _sha256(file: Mapping[str, object]) -> str | None:
    stated = str(as_mapping(file.get("hashes")).get("SHA256", ""))
    return stated.lower() if _HEX.fullmatch(stated) else None


def _preview(told: Mapping[str, object]) -> str | None:
    """The most harmless picture; films are left out."""
    images = [as_mapping(entry) for entry in as_list(told.get("images"))]
    shown = [image for image in images if image.get("type", "image") == "image"]
    urls = ((_level(image), str(image.get("url"))) for image in shown)
    good = [(level, url) for level, url in urls if url.startswith(("https://", "http://"))]
    return min(good, key=lambda pair: pair[0])[1] if good else None


def _level(image: Mapping[str, object]) -> int:
    level = image.get("nsfwLevel")
    return level if isinstance(level, int) else 0


def _texts(told: Mapping[str, object], model: Mapping[str, object], page: str) -> Mapping[str, str]:
    """`.civitai.info`: as Civitai says it; `.json`: what A1111 reads of it."""
    words = [str(word) for word in as_list(told.get("trainedWords"))]
    base = str(told.get("baseModel"))
    said = (part.get("description") for part in (told, model))
    about = [text for html in said if isinstance(html, str) and (text := plain(html))]
    for_a1111 = {
        "description": "\n".join(about),
        "sd version": _sd_version(base),
        "activation text": ", ".join(words),
        "preferred weight": 0,
        "notes": f"{model.get('name')} {told.get('name')}, {base}: {page}",
    }
    return {
        ".civitai.info": json.dumps(told, indent=2, ensure_ascii=False),
        ".json": json.dumps(for_a1111, indent=2, ensure_ascii=False),
    }


def _sd_version(base: str) -> str:
    """In the words of A1111's list."""
    for start, version in (("SD 1", "SD1"), ("SD 2", "SD2"), ("SDXL", "SDXL")):
        if base.startswith(start):
            return version
    return "SDXL" if base in ("Pony", "Illustrious", "NoobAI") else "Unknown"
