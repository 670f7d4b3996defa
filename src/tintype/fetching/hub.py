"""Hugging Face: what a repository holds, and which of it is meant.

Source: the Hub's documented API (`/api/models/{repo}/revision/{revision}?blobs=true` for files with
sizes and hashes, `/{repo}/resolve/{revision}/{file}` for their content).
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast
from urllib.parse import quote

import httpx

from tintype.core.foreign import as_mapping
from tintype.errors import FetchError, InvalidRequest, UnknownName
from tintype.fetching.addresses import HubAddress
from tintype.fetching.folders import of_a_folder
from tintype.fetching.names import fit_name, listed, relative_name
from tintype.fetching.offers import Offer, RemoteFile
from tintype.fetching.transfer import Site
from tintype.fetching.web import WebFile
from tintype.tensorfiles import MODEL_INDEX, WEIGHTS

_GENERIC = re.compile(
    r"(diffusion_)?(pytorch_)?model(\..+)?|pytorch_lora_weights|learned_embeds|lora", re.IGNORECASE
)


class Hub(Site):
    """A server that speaks as huggingface.co does."""

    def offer(self, address: HubAddress, variant: str | None) -> Offer:
        """The model somebody means.

        Args:
            address: the repository, and the file if one was named.
            variant: "fp16" and the like, for diffusers folders; None for the plain weights.

        Raises:
            UnknownName: it holds no such file.
            InvalidRequest: it holds several models; lists them.
            FetchError: it cannot be asked.
        """
        commit, files = self._listing(address)
        pinned = f"hf:{address.repo}@{commit}"
        if address.file is None and MODEL_INDEX in files:
            wanted = of_a_folder(list(files), variant, address.repo)
            remotes = tuple(files[name] for name in wanted)
            return Offer(
                pinned, _own_name(address.repo), remotes, is_folder=True, kind="checkpoint"
            )
        name = self._one_of(list(files), address)
        return Offer(f"{pinned}/{name}", _stem(name, address.repo), (files[name],))

    def _listing(self, address: HubAddress) -> tuple[str, Mapping[str, RemoteFile]]:
        revision = quote(address.revision, safe="")
        path = f"models/{address.repo}/revision/{revision}?blobs=true"
        answer = self.ask(path, partial(self._explain, address.repo))
        commit = str(answer.get("sha") or address.revision)
        siblings = answer.get("siblings")
        if not isinstance(siblings, list):
            raise FetchError(f"{self.endpoint} does not say what {address.repo} holds")
        files = (
            self._file(entry, address.repo, commit) for entry in cast("list[object]", siblings)
        )
        return commit, {file.name: file for file in files if file is not None}

    def _file(self, entry: object, repo: str, commit: str) -> RemoteFile | None:
        told = as_mapping(entry)
        name, lfs = told.get("rfilename"), as_mapping(told.get("lfs"))
        if not isinstance(name, str):
            return None
        size, sha256 = lfs.get("size", told.get("size")), lfs.get("sha256")
        url = f"{self.endpoint}/{repo}/resolve/{quote(commit, safe='')}/{quote(name)}"
        return RemoteFile(
            relative_name(name),
            WebFile(self.web, url, partial(self._explain, repo)),
            bytes=size if isinstance(size, int) else None,
            sha256=sha256.lower() if isinstance(sha256, str) else None,
        )

    def _one_of(self, names: Sequence[str], address: HubAddress) -> str:
        models = [name for name in names if name.lower().endswith(WEIGHTS)]
        if address.file is not None:
            if address.file in names:
                return address.file
            raise UnknownName(f"file of {address.repo}", address.file, models or names[:20])
        if not models:
            raise FetchError(f"{address.repo} holds no file of weights; it has {listed(names)}")
        if len(one := _obvious(models)) == 1:
            return one[0]
        raise InvalidRequest(
            "address",
            f"{address.repo} holds several models; name one as {address.repo}/FILE: "
            f"{listed(models)}",
        )

    def _explain(self, repo: str, answer: httpx.Response) -> str | None:
        page, code = f"{self.endpoint}/{repo}", answer.headers.get("x-error-code", "")
        if code == "GatedRepo":
            return (
                f"{repo} is given to those who accepted its terms: do so at {page}, make a token "
                "at your account and give it as HF_TOKEN or --token"
            )
        if code in ("RevisionNotFound", "EntryNotFound"):
            return (
                f"{repo} has no such {'revision' if code.startswith('R') else 'file'}; see {page}"
            )
        if answer.status_code in (401, 403, 404):
            with_token = (
                "is it yours to see?"
                if self.web.has_token(page)
                else ("if it is private, give a token as HF_TOKEN or --token")
            )
            return f"{self.endpoint} knows no {repo}, or not for everybody; {with_token}"
        return None


def _obvious(models: Sequence[str]) -> Sequence[str]:
    """What is left of the files once those are out that are seldom meant."""
    safe = [name for name in models if name.endswith(".safetensors")] or models
    return [name for name in safe if "/" not in name] or safe


def _stem(name: str, repo: str) -> str:
    """The name of a file, or of its repository where the file's says nothing."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return _own_name(repo) if _GENERIC.fullmatch(stem) else fit_name(stem)


def _own_name(repo: str) -> str:
    return fit_name(repo.partition("/")[2])
