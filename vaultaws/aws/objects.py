"""S3's objects, as far as reading needs them: folders listed, objects fetched, at a pace.

Rights: `s3:ListBucket` on the bucket and `s3:GetObject` on its objects; `kms:Decrypt` on the key
where they are encrypted with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultaws.aws.errors import DENIED, translated
from vaultaws.aws.pace import Pace, Rate
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST_RATE: Final = Rate(100.0)
"""S3 takes thousands of reads a second and prefix ("Best practices design patterns")."""
_GONE: Final = "NoSuchKey"
_SHUT: Final = DENIED | {"InvalidObjectState"}
"""Answers about one object: no right to it or to its key, or it is archived."""


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket. `etag` changes when its bytes do."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True)
class Folder:
    """What is directly below a prefix that ends in a slash; `folders` are such prefixes."""

    folders: tuple[str, ...]
    objects: tuple[StoredObject, ...]


class MissingObjectError(AwsError):
    """There is no object of that key (any more)."""


class ShutObjectError(AwsError):
    """The object is there and may not be read: no right to it or its key, or it is archived."""


class Bucket:
    """A bucket to read from. Shared by threads."""

    def __init__(
        self,
        name: str,
        *,
        pace: Pace | None = None,
        credentials: Credentials | None = None,
        region: str | None = None,
    ) -> None:
        self.name = name
        self._pace = pace or Pace(rate=FIRST_RATE)
        self._client: S3Client = client("s3", credentials=credentials, region=region, attempts=1)

    def folder(self, prefix: str) -> Folder:
        """List what is directly below a prefix, or begins with it where it ends in no slash.

        Raises AwsError.
        """
        folders: list[str] = []
        objects: list[StoredObject] = []
        for more_folders, more_objects in self._pages(prefix):
            folders += more_folders
            objects += more_objects
        return Folder(tuple(folders), tuple(objects))

    def get(self, key: str, most: int) -> bytes:
        """Return an object's bytes, at most so many from its beginning.

        Raises MissingObjectError and ShutObjectError for what is wrong with this one, AwsError for
        what would be wrong with any.
        """

        def once() -> bytes:
            with translated(f"read an object of the bucket {self.name}"):
                found = self._client.get_object(Bucket=self.name, Key=key)
                with found["Body"] as body:
                    return body.read(most)

        try:
            return self._pace.run(once)
        except AwsError as fault:
            kind = _kind(fault.code)
            if kind is None:
                raise
            raise kind(fault.what, why=fault.why, do=fault.do, code=fault.code) from None

    def _pages(self, prefix: str) -> Iterator[tuple[list[str], list[StoredObject]]]:
        token = ""
        while True:

            def once(after: str = token) -> tuple[str, list[str], list[StoredObject]]:
                return self._page(prefix, after)

            token, folders, objects = self._pace.run(once)
            yield folders, objects
            if not token:
                return

    def _page(self, prefix: str, token: str) -> tuple[str, list[str], list[StoredObject]]:
        with translated(f"list the bucket {self.name}"):
            if token:
                page = self._client.list_objects_v2(
                    Bucket=self.name, Prefix=prefix, Delimiter="/", ContinuationToken=token
                )
            else:
                page = self._client.list_objects_v2(Bucket=self.name, Prefix=prefix, Delimiter="/")
        folders = [one["Prefix"] for one in page.get("CommonPrefixes", ())]
        objects = [
            StoredObject(one["Key"], one["Size"], one["ETag"]) for one in page.get("Contents", ())
        ]
        return page.get("NextContinuationToken", ""), folders, objects


def _kind(code: str) -> type[MissingObjectError | ShutObjectError] | None:
    if code == _GONE:
        return MissingObjectError
    return ShutObjectError if code in _SHUT or code.startswith("KMS.") else None
