"""A person's own virtual MFA devices (IAM API reference, the MFADevice actions)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from vaultaws.aws.errors import translated
from vaultaws.aws.sessions import client
from vaultaws.aws.sts import explained
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, Secret

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

VIRTUAL: Final = ":mfa/"
_REMEDIES: Final = {
    "InvalidAuthenticationCode": "give two codes that the device shows one after the other",
    "EntityAlreadyExists": "see what there is: vaultaws mfa device list",
    "AccessDenied": (
        "ask for the right to manage your own device; some accounts want MFA for it: "
        "vaultaws mfa login first"
    ),
}


@dataclass(frozen=True)
class Device:
    """A device of a user. `enabled_at` is None for one that nobody uses yet."""

    serial: str
    user: str = ""
    enabled_at: datetime | None = None

    @property
    def virtual(self) -> bool:
        return VIRTUAL in self.serial


@dataclass(frozen=True)
class NewDevice:
    """A virtual device just made, with its secret in base32; AWS shows it this once."""

    serial: str
    secret: Secret


class DeviceHands:
    """Reads and changes devices with one caller's credentials. Each method raises AwsError."""

    def __init__(self, credentials: Credentials, *, profile: str | None = None) -> None:
        self._iam: IAMClient = client("iam", credentials=credentials, profile=profile)

    def devices_of(self, user: str) -> tuple[Device, ...]:
        """The user's devices that are in use."""
        with _asking(f"list the devices of {user}"):
            pages = self._iam.get_paginator("list_mfa_devices").paginate(UserName=user)
            found = [entry for page in pages for entry in page["MFADevices"]]
        return tuple(
            Device(each["SerialNumber"], each["UserName"], each["EnableDate"].astimezone(UTC))
            for each in found
        )

    def unused(self, name: str) -> tuple[Device, ...]:
        """Virtual devices of that name that nobody uses; none where AWS does not show them."""
        try:
            with translated("list the devices that nobody uses"):
                pages = self._iam.get_paginator("list_virtual_mfa_devices").paginate(
                    AssignmentStatus="Unassigned"
                )
                found = [entry for page in pages for entry in page["VirtualMFADevices"]]
        except AwsError as fault:
            if not fault.code:
                raise
            return ()
        serials = (str(each["SerialNumber"]) for each in found)
        return tuple(Device(each) for each in serials if each.rsplit("/", 1)[-1] == name)

    def create(self, name: str) -> NewDevice:
        with _asking(f"make the device {name}"):
            made = self._iam.create_virtual_mfa_device(VirtualMFADeviceName=name)[
                "VirtualMFADevice"
            ]
        seed = bytes(made["Base32StringSeed"]).decode("ascii")
        return NewDevice(made["SerialNumber"], Secret(seed))

    def enable(self, user: str, serial: str, codes: tuple[Secret, Secret]) -> None:
        first, second = (code.reveal() for code in codes)
        with _asking(f"enable {serial}"):
            self._iam.enable_mfa_device(
                UserName=user,
                SerialNumber=serial,
                AuthenticationCode1=first,
                AuthenticationCode2=second,
            )

    def resync(self, user: str, serial: str, codes: tuple[Secret, Secret]) -> None:
        first, second = (code.reveal() for code in codes)
        with _asking(f"resynchronise {serial}"):
            self._iam.resync_mfa_device(
                UserName=user,
                SerialNumber=serial,
                AuthenticationCode1=first,
                AuthenticationCode2=second,
            )

    def deactivate(self, user: str, serial: str) -> None:
        with _asking(f"deactivate {serial}"):
            self._iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)

    def delete(self, serial: str) -> None:
        with _asking(f"delete {serial}"):
            self._iam.delete_virtual_mfa_device(SerialNumber=serial)


@contextmanager
def _asking(doing: str) -> Iterator[None]:
    try:
        with translated(doing):
            yield
    except AwsError as fault:
        raise _advised(fault) from None


def _advised(fault: AwsError) -> AwsError:
    do = _REMEDIES.get(fault.code)
    return (
        explained(fault)
        if do is None
        else AwsError(fault.what, why=fault.why, do=do, code=fault.code)
    )
