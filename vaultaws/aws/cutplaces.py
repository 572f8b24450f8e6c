"""Where a deny goes: an inline policy, a managed policy that is attached, the boundary.

Source of the limits: IAM user guide, "IAM and AWS STS quotas". Each place reads what it holds,
writes it anew, and removes it; removing what is gone is done. A place without room raises
AwsError with code LimitExceeded.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from vaultaws.aws.cutdocs import (
    Denies,
    bounded,
    denies_of,
    denies_within,
    document_of,
    managed_name,
)
from vaultaws.aws.errors import translated
from vaultaws.aws.holder import CutPlace, Holder
from vaultaws.aws.managed import Account, Managed, gone
from vaultaws.errors import AwsError
from vaultaws.model import JsonObject

NO_SUCH: Final = "NoSuchEntity"
_BEFORE: Final = "The boundary before it: "


@dataclass(frozen=True)
class Standing:
    """What a place holds. `before` is the ARN of the boundary that was there before ours."""

    denies: Denies
    before: str = ""


class Place(Protocol):
    """One place of one holder's denies."""

    kind: CutPlace

    def read(self, holder: Holder, policy_name: str) -> Standing | None:
        """What is in force; None without one. Raises AwsError."""
        ...

    def write(self, holder: Holder, policy_name: str, denies: Denies) -> Standing:
        """Put exactly `denies` in force. Raises AwsError."""
        ...

    def remove(self, holder: Holder, policy_name: str) -> bool:
        """Take it away; False when there was none. Raises AwsError."""
        ...


class Inline:
    """An inline policy: 2,048 characters for all of a user, 10,240 for all of a role."""

    kind = CutPlace.INLINE

    def __init__(self, iam: Any) -> None:
        self._iam = iam

    def read(self, holder: Holder, policy_name: str) -> Standing | None:
        try:
            with translated(f"read the deny on {holder}"):
                answer = _method(self._iam, "get_{}_policy", holder)(
                    **_named(holder), PolicyName=policy_name
                )
        except AwsError as fault:
            if fault.code == NO_SUCH:
                return None
            raise
        document = answer["PolicyDocument"]
        denies = denies_of(document) if isinstance(document, dict) else None
        return None if denies is None else Standing(denies)

    def write(self, holder: Holder, policy_name: str, denies: Denies) -> Standing:
        with translated(f"put the deny on {holder}"):
            _method(self._iam, "put_{}_policy", holder)(
                **_named(holder), PolicyName=policy_name, PolicyDocument=packed(document_of(denies))
            )
        return Standing(denies)

    def remove(self, holder: Holder, policy_name: str) -> bool:
        with gone() as went, translated(f"lift the deny on {holder}"):
            _method(self._iam, "delete_{}_policy", holder)(**_named(holder), PolicyName=policy_name)
        return not went


class Attached:
    """A managed policy of one holder's own: ten attached by default, 6,144 characters each."""

    kind = CutPlace.MANAGED

    def __init__(self, iam: Any, managed: Managed) -> None:
        self._iam, self._managed = iam, managed

    def read(self, holder: Holder, policy_name: str) -> Standing | None:
        arn = self._managed.arn(managed_name(policy_name, holder))
        if not self._is_attached(holder, arn):
            return None
        document = self._managed.document(arn)
        denies = None if document is None else denies_of(document)
        return None if denies is None else Standing(denies)

    def write(self, holder: Holder, policy_name: str, denies: Denies) -> Standing:
        said = f"vaultaws: denies tokens of the {holder}. Lifted with the deny."
        name = managed_name(policy_name, holder)
        arn = self._managed.put(name, packed(document_of(denies)), said)
        try:
            with translated(f"attach the deny to {holder}"):
                _method(self._iam, "attach_{}_policy", holder)(**_named(holder), PolicyArn=arn)
        except AwsError:
            with contextlib.suppress(AwsError):
                if not self._is_attached(holder, arn):
                    self._managed.delete(arn)
            raise
        return Standing(denies)

    def remove(self, holder: Holder, policy_name: str) -> bool:
        arn = self._managed.arn(managed_name(policy_name, holder))
        with gone() as went, translated(f"lift the deny on {holder}"):
            _method(self._iam, "detach_{}_policy", holder)(**_named(holder), PolicyArn=arn)
        return self._managed.delete(arn) or not went

    def _is_attached(self, holder: Holder, arn: str) -> bool:
        pages = self._iam.get_paginator(f"list_attached_{holder.kind}_policies")
        with translated(f"list the policies of {holder}"):
            return any(
                entry["PolicyArn"] == arn
                for page in pages.paginate(**_named(holder))
                for entry in page["AttachedPolicies"]
            )


class Boundary:
    """The permissions boundary: one a holder. A new one allows what the old one did, less the
    deny; the policy's description remembers the old one."""

    kind = CutPlace.BOUNDARY

    def __init__(self, iam: Any, managed: Managed) -> None:
        self._iam, self._managed = iam, managed

    def read(self, holder: Holder, policy_name: str) -> Standing | None:
        current = self._current(holder)
        document = self._managed.document(current) if current else None
        denies = None if document is None else denies_within(document, policy_name)
        return None if denies is None else Standing(denies, self._before(holder, policy_name))

    def write(self, holder: Holder, policy_name: str, denies: Denies) -> Standing:
        name = managed_name(policy_name, holder, boundary=True)
        arn, current = self._managed.arn(name), self._current(holder)
        base = self._base(current)
        text = packed(bounded(base, policy_name, denies))
        if current == arn:
            self._managed.put(name, text, "")
            return Standing(denies, self._before(holder, policy_name))
        self._managed.delete(arn)
        self._managed.put(name, text, f"vaultaws: bounds the {holder}. {_BEFORE}{current}")
        with translated(f"set the permissions boundary of {holder}"):
            self._put(holder, arn)
        return Standing(denies, current)

    def remove(self, holder: Holder, policy_name: str) -> bool:
        name = managed_name(policy_name, holder, boundary=True)
        arn, current = self._managed.arn(name), self._current(holder)
        if current == arn:
            before = self._before(holder, policy_name)
            with translated(f"put the permissions boundary of {holder} back"):
                if before:
                    self._put(holder, before)
                else:
                    _method(self._iam, "delete_{}_permissions_boundary", holder)(**_named(holder))
            self._managed.delete(arn)
            return True
        document = self._managed.document(current) if current else None
        if document is not None and denies_within(document, policy_name) is not None:
            raise AwsError(
                f"the deny of {policy_name} on {holder} is held by a later boundary",
                why=f"{current} was put over it, and bounds the {holder.kind} by both",
                do="lift the later one first, then this one",
                code="DeleteConflict",
            )
        self._managed.delete(arn)
        return False

    def _base(self, current: str) -> JsonObject | None:
        """What the boundary there is allows. One whose policy is gone allows nothing."""
        return (self._managed.document(current) or {"Version": "2012-10-17"}) if current else None

    def _current(self, holder: Holder) -> str:
        try:
            with translated(f"look up the boundary of {holder}"):
                answer = _method(self._iam, "get_{}", holder)(**_named(holder))
        except AwsError as fault:
            if fault.code == NO_SUCH:
                return ""
            raise
        entry = answer[holder.kind.capitalize()]
        return str(entry.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))

    def _before(self, holder: Holder, policy_name: str) -> str:
        arn = self._managed.arn(managed_name(policy_name, holder, boundary=True))
        said = self._managed.description(arn)
        return said.partition(_BEFORE)[2]

    def _put(self, holder: Holder, arn: str) -> None:
        _method(self._iam, "put_{}_permissions_boundary", holder)(
            **_named(holder), PermissionsBoundary=arn
        )


def places(iam: Any, account: Account) -> tuple[Place, ...]:
    """The places, in the order in which they are tried."""
    managed = Managed(iam, account)
    return (Inline(iam), Attached(iam, managed), Boundary(iam, managed))


def packed(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def _method(iam: Any, pattern: str, holder: Holder) -> Any:
    return getattr(iam, pattern.format(holder.kind))


def _named(holder: Holder) -> dict[str, str]:
    return {f"{holder.kind.capitalize()}Name": holder.name}
