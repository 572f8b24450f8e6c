"""What stands in the way of a user's deletion: found, named, removed.

IAM API reference, "DeleteUser": password, access keys, signing certificates, SSH public keys,
service-specific credentials, MFA devices, inline policies, attached policies, group memberships.
A permissions boundary does not block it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from vaultaws.aws.paced import Paced

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient


class Kind(StrEnum):
    """Kinds of obstacles, in the order of their removal: what lets somebody in goes first."""

    PASSWORD = "login profile"  # noqa: S105  (a kind's name)
    ACCESS_KEY = "access key"
    SERVICE_CREDENTIAL = "service-specific credential"
    SSH_KEY = "SSH public key"
    CERTIFICATE = "signing certificate"
    MFA_DEVICE = "MFA device"
    GROUP = "group"
    ATTACHED = "attached policy"
    INLINE = "inline policy"
    BOUNDARY = "permissions boundary"


ENGINE_CLEARS: Final = frozenset({Kind.ACCESS_KEY, Kind.GROUP, Kind.ATTACHED, Kind.INLINE})
"""What Vault's engine clears by itself when it deletes a user (its `pathUserRollback`)."""


@dataclass(frozen=True)
class Obstacle:
    """One thing a user holds. `name` is its id, name or ARN; empty for the password."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


class Obstacles:
    """Reads and removes what users hold."""

    def __init__(self, iam: IAMClient, paced: Paced) -> None:
        self._iam = iam
        self._paced = paced

    def of(
        self, user: str, *, keep_policy: str = "", boundary: bool = False
    ) -> tuple[Obstacle, ...]:
        """What `user` holds, in the order in which it should go; `boundary` counts that in.

        Raises AwsError; with code NoSuchEntity when there is no such user.
        """
        found = [
            Obstacle(listing.kind, entry if isinstance(entry, str) else entry[listing.name])
            for listing in _LISTINGS
            for entry in self._entries(user, listing)
        ]
        found = [one for one in found if one != Obstacle(Kind.INLINE, keep_policy)]
        found += self._of_the_user_itself(user, boundary=boundary)
        order = list(Kind)
        return tuple(sorted(found, key=lambda one: (order.index(one.kind), _last(one), one.name)))

    def _entries(self, user: str, listing: _Listing) -> Iterator[Any]:
        marker: dict[str, str] = {}
        while True:
            page = self._call(listing.operation, user, f"list what {user} holds", **marker)
            yield from page[listing.field]
            if not page.get("IsTruncated"):
                return
            marker = {"Marker": page["Marker"]}

    def _of_the_user_itself(self, user: str, *, boundary: bool) -> list[Obstacle]:
        found = []
        doing = f"look for a login profile of {user}"
        profile = self._paced.found(doing, lambda: self._iam.get_login_profile(UserName=user))
        if profile is not None:
            found.append(Obstacle(Kind.PASSWORD))
        if boundary:
            shown = self._call("get_user", user, f"look up the user {user}")["User"]
            arn = shown.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
            found += [Obstacle(Kind.BOUNDARY, arn)] if arn else []
        return found

    def remove(self, user: str, obstacle: Obstacle) -> None:
        """Remove one thing; what is gone is done. A virtual MFA device is deleted as well."""
        removal = _REMOVALS[obstacle.kind]
        said = {removal.parameter: obstacle.name} if removal.parameter else {}
        doing = f"remove the {obstacle.kind} of {user}"
        method: Callable[..., Any] = getattr(self._iam, removal.operation)
        self._paced.found(doing, lambda: method(UserName=user, **said))
        if obstacle.kind is Kind.MFA_DEVICE and ":mfa/" in obstacle.name:
            self._paced.found(
                f"delete the MFA device of {user}",
                lambda: self._iam.delete_virtual_mfa_device(SerialNumber=obstacle.name),
            )

    def _call(self, operation: str, user: str, doing: str, **said: str) -> Any:
        method: Callable[..., Any] = getattr(self._iam, operation)
        return self._paced.run(doing, lambda: method(UserName=user, **said))


def _last(obstacle: Obstacle) -> bool:
    """Our own denies go after all other policies."""
    return obstacle.name.startswith("vaultaws-") or obstacle.name.endswith("/AWSDenyAll")


@dataclass(frozen=True)
class _Listing:
    kind: Kind
    operation: str
    field: str
    name: str = ""


@dataclass(frozen=True)
class _Removal:
    operation: str
    parameter: str = ""


_LISTINGS: Final = (
    _Listing(Kind.ACCESS_KEY, "list_access_keys", "AccessKeyMetadata", "AccessKeyId"),
    _Listing(
        Kind.SERVICE_CREDENTIAL,
        "list_service_specific_credentials",
        "ServiceSpecificCredentials",
        "ServiceSpecificCredentialId",
    ),
    _Listing(Kind.SSH_KEY, "list_ssh_public_keys", "SSHPublicKeys", "SSHPublicKeyId"),
    _Listing(Kind.CERTIFICATE, "list_signing_certificates", "Certificates", "CertificateId"),
    _Listing(Kind.MFA_DEVICE, "list_mfa_devices", "MFADevices", "SerialNumber"),
    _Listing(Kind.GROUP, "list_groups_for_user", "Groups", "GroupName"),
    _Listing(Kind.ATTACHED, "list_attached_user_policies", "AttachedPolicies", "PolicyArn"),
    _Listing(Kind.INLINE, "list_user_policies", "PolicyNames"),
)
_REMOVALS: Final[Mapping[Kind, _Removal]] = {
    Kind.PASSWORD: _Removal("delete_login_profile"),
    Kind.ACCESS_KEY: _Removal("delete_access_key", "AccessKeyId"),
    Kind.SERVICE_CREDENTIAL: _Removal(
        "delete_service_specific_credential", "ServiceSpecificCredentialId"
    ),
    Kind.SSH_KEY: _Removal("delete_ssh_public_key", "SSHPublicKeyId"),
    Kind.CERTIFICATE: _Removal("delete_signing_certificate", "CertificateId"),
    Kind.MFA_DEVICE: _Removal("deactivate_mfa_device", "SerialNumber"),
    Kind.GROUP: _Removal("remove_user_from_group", "GroupName"),
    Kind.ATTACHED: _Removal("detach_user_policy", "PolicyArn"),
    Kind.INLINE: _Removal("delete_user_policy", "PolicyName"),
    Kind.BOUNDARY: _Removal("delete_user_permissions_boundary"),
}
