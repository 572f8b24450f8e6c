"""Keys of IAM users, each user asked for once, and whether a lease's key is among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from vaultaws.aws.identity import AccessKey
from vaultaws.errors import AwsError, VaultError
from vaultaws.leases.inventory import Holding
from vaultaws.vault.bulk import ask_all


class Reads(Protocol):
    """What is asked of IAM here. Every method raises AwsError."""

    def access_keys(self, user: str) -> tuple[AccessKey, ...]: ...
    def user_exists(self, name: str) -> bool: ...


class Keys:
    """`digest` writes a key as the audit log does; None where nothing can."""

    def __init__(self, iam: Reads, digest: Callable[[str], str] | None) -> None:
        self._iam, self._digest = iam, digest
        self._known: dict[str, tuple[AccessKey, ...] | AwsError | None] = {}
        self._digests: dict[str, str] = {}

    def ask(self, names: Iterable[str]) -> None:
        """Read the keys of those not read yet, side by side. Nothing is raised."""
        fresh = [name for name in dict.fromkeys(names) if name not in self._known]
        self._known |= zip(fresh, ask_all(self._ask, fresh), strict=True)

    def _ask(self, name: str) -> tuple[AccessKey, ...] | AwsError | None:
        """None where the user is gone meanwhile: IAM's listing may be a little old."""
        try:
            return self._iam.access_keys(name) or (() if self._iam.user_exists(name) else None)
        except AwsError as fault:
            return fault

    def of(self, name: str) -> tuple[AccessKey, ...]:
        """The user's keys; none where they could not be read."""
        known = self._known[name]
        return known if isinstance(known, tuple) else ()

    def is_gone(self, name: str) -> bool:
        """True when IAM has the user no more."""
        return self._known[name] is None

    def fault(self, name: str) -> AwsError | None:
        """Why the user's keys could not be read."""
        known = self._known[name]
        return known if isinstance(known, AwsError) else None

    def can_tell(self, held: Holding) -> bool:
        """Whether the lease's key is known in a form that keys of users can be compared with."""
        return bool(held.access_key_id or (held.key_hash and self._digest is not None))

    def is_of(self, name: str, held: Holding) -> bool | None:
        """Whether the lease's key is one of the user's; None where that cannot be compared."""
        if self.fault(name) is not None:
            return None
        ids = [key.id for key in self.of(name)]
        if held.access_key_id:
            return held.access_key_id in ids
        digests = [self._written(key) for key in ids]
        if not held.key_hash or not all(digests):
            return None
        return held.key_hash in digests

    def _written(self, key: str) -> str:
        """How the audit log writes a key; empty where nothing tells."""
        if key not in self._digests:
            try:
                self._digests[key] = self._digest(key) if self._digest is not None else ""
            except VaultError:
                self._digests[key] = ""
        return self._digests[key]
