"""S3 and whatever speaks like it, through boto3, which an extra brings.

Keys, regions and endpoints are AWS's own affair: environment, `~/.aws`, roles
(`AWS_ENDPOINT_URL_S3` for other clouds).
"""

from base64 import b64decode
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tintype.errors import FetchError, InvalidRequest, SetupError
from tintype.fetching.addresses import BucketAddress
from tintype.fetching.folders import of_a_folder
from tintype.fetching.names import fit_name, listed, relative_name
from tintype.fetching.offers import Body, Offer, RangeRefused, RemoteFile, TransientFault
from tintype.tensorfiles import MODEL_INDEX, WEIGHTS

_BLOCK_BYTES = 2**20
_MOST_KEYS = 10_000
_TRANSIENT = ("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "503", "500")


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects of one bucket.

    Attributes:
        name: of the bucket.
        client: boto3's, which has no types of its own.
    """

    name: str
    client: Any

    def offer(self, address: BucketAddress, variant: str | None) -> Offer:
        """The object of a key, or the diffusers folder below a prefix.

        Raises:
            InvalidRequest: the prefix holds something else; lists it.
            FetchError: there is nothing, or it is not ours to see.
        """
        is_prefix = not address.key or address.key.endswith("/")
        file = None if is_prefix else self._object(address.key)
        if file is None:
            return self._folder(address, variant)
        return Offer(self._address(address.key), file.name.rpartition(".")[0], (file,))

    def _folder(self, address: BucketAddress, variant: str | None) -> Offer:
        prefix = f"{address.key.rstrip('/')}/" if address.key else ""
        where = self._address(prefix)
        found = {file.name: file for file in self._below(prefix)}
        if not found:
            raise FetchError(f"there is nothing at {where}")
        if MODEL_INDEX not in found:
            models = [name for name in found if name.lower().endswith(WEIGHTS)]
            raise InvalidRequest(
                "address",
                f"{where} is no diffusers folder; name one object: {listed(models or found)}",
            )
        files = tuple(found[name] for name in of_a_folder(list(found), variant, where))
        name = fit_name(prefix.rstrip("/").rpartition("/")[2] or self.name)
        return Offer(where, name, files, is_folder=True, kind="checkpoint")

    def _object(self, key: str) -> RemoteFile | None:
        with _in_words(self._address(key)):
            try:
                head = self.client.head_object(Bucket=self.name, Key=key, ChecksumMode="ENABLED")
            except self.client.exceptions.ClientError as error:
                if _code(error) in ("404", "NoSuchKey", "NotFound"):
                    return None
                raise
        source = _Object(self.name, key, self.client)
        return RemoteFile(fit_name(key), source, head.get("ContentLength"), _sha256(head))

    def _below(self, prefix: str) -> Iterator[RemoteFile]:
        with _in_words(self._address(prefix)):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, PaginationConfig={"MaxItems": _MOST_KEYS}
            )
            for entry in (entry for page in pages for entry in page.get("Contents", ())):
                key = entry["Key"]
                if not key.endswith("/"):  # some programs make objects for folders
                    name, source = key.removeprefix(prefix), _Object(self.name, key, self.client)
                    size, etag = entry["Size"], entry.get("ETag")
                    yield RemoteFile(relative_name(name), source, size, version=etag)

    def _address(self, key: str) -> str:
        return f"s3://{self.name}/{key}"


@dataclass(frozen=True, slots=True)
class _Object:
    """An object as a `Source`."""

    bucket: str
    key: str
    client: Any

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @contextmanager
    def open(self, start: int, version: str | None) -> Generator[Body]:
        asked = {"Range": f"bytes={start}-"} if start else {}
        if start and version:
            asked["IfMatch"] = version
        with _in_words(self.address):
            answer = self.client.get_object(Bucket=self.bucket, Key=self.key, **asked)
            stream = answer["Body"]
            try:
                yield Body(
                    start=start,
                    total=start + answer["ContentLength"],
                    version=answer.get("ETag"),
                    blocks=stream.iter_chunks(_BLOCK_BYTES),
                )
            finally:
                stream.close()


def open_bucket(name: str) -> Bucket:
    """A bucket, with whatever credentials AWS's own rules find.

    Raises:
        SetupError: boto3 is not installed.
    """
    try:
        import boto3.session  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise SetupError("s3:// addresses need boto3: pip install 'tintype[s3]'") from error
    session: Any = boto3.session.Session()
    return Bucket(name, session.client("s3"))


@contextmanager
def _in_words(address: str) -> Generator[None]:
    """botocore's errors as ours."""
    from botocore import exceptions  # pyright: ignore[reportMissingTypeStubs]

    try:
        yield
    except exceptions.ClientError as error:
        raise _refusal(address, error) from error
    except exceptions.NoCredentialsError as error:
        raise FetchError(
            f"{address} needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, "
            "or a role"
        ) from error
    except exceptions.HTTPClientError as error:
        raise TransientFault(f"{address}: {error}") from error
    except exceptions.BotoCoreError as error:
        raise FetchError(f"{address} cannot be asked: {error}") from error


def _refusal(address: str, error: Any) -> Exception:
    match code := _code(error):
        case "404" | "NoSuchKey" | "NoSuchBucket" | "NotFound":
            return FetchError(f"there is nothing at {address}")
        case "403" | "AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch":
            return FetchError(f"{address} is not open to these credentials ({code})")
        case "412" | "PreconditionFailed" | "416" | "InvalidRange":
            return RangeRefused(address)
        case _ if code in _TRANSIENT:
            return TransientFault(f"{address}: {code}")
        case _:
            return FetchError(f"{address}: {code}")


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _sha256(head: Mapping[str, Any]) -> str | None:
    """Of the whole object, where its writer left one; uploads in parts have one of their hashes."""
    stated = head.get("ChecksumSHA256")
    if not isinstance(stated, str) or head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
        return None
    digest = b64decode(stated.partition("-")[0])
    return digest.hex() if "-" not in stated and len(digest) == 32 else None
