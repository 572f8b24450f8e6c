"""One's own virtual device: made, shown or kept, enabled, set right, taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from vaultaws.aws.devices import Device, DeviceHands, NewDevice
from vaultaws.errors import AwsError, UsageError
from vaultaws.mfa.callers import user_of
from vaultaws.mfa.proving import Prover
from vaultaws.mfa.secretkept import KeptSecrets
from vaultaws.model import Principal

ISSUER: Final = "Amazon Web Services"


@dataclass(frozen=True)
class Owner:
    """An IAM user as the owner of devices."""

    name: str
    account: str
    partition: str

    @property
    def usual_serial(self) -> str:
        """The device that bears the user's own name, which policies let users manage."""
        return f"arn:{self.partition}:iam::{self.account}:mfa/{self.name}"


def owner_of(who: Principal) -> Owner:
    """The IAM user who calls. Raises UsageError for any other caller."""
    name = user_of(who)
    if not name:
        raise UsageError(
            "MFA devices belong to IAM users",
            why=f"you are {who.arn}",
            do="--profile NAME, a profile with the key of an IAM user",
        )
    return Owner(name, who.account, who.arn.split(":")[1])


def devices(hands: DeviceHands, owner: Owner) -> tuple[Device, ...]:
    """The owner's devices: those in use, then those made and never enabled. Raises AwsError."""
    return (*hands.devices_of(owner.name), *hands.unused(owner.name))


def chosen(hands: DeviceHands, owner: Owner, said: str) -> str:
    """The serial number meant: the one said, else the only one in use. Raises UsageError."""
    if said:
        return said
    found = hands.devices_of(owner.name)
    if len(found) == 1:
        return found[0].serial
    if not found:
        raise UsageError(
            f"{owner.name} has no MFA device in use",
            why="AWS lists none",
            do="vaultaws mfa device create, then vaultaws mfa device enable",
        )
    serials = ", ".join(each.serial for each in found)
    raise UsageError(
        f"{owner.name} has {len(found)} MFA devices", why=serials, do="--device SERIAL"
    )


def create(
    hands: DeviceHands,
    name: str,
    keep: KeptSecrets | None,
    show: Callable[[NewDevice], None] | None,
) -> NewDevice:
    """Make a device and hand its secret to the keyring, the terminal, or both.

    AWS shows the secret this once: where nobody got it the device is taken away again.
    """
    if keep is not None:
        keep.check()
    made = hands.create(name)
    try:
        if keep is not None:
            keep.put(made.serial, made.secret)
        if show is not None:
            show(made)
    except BaseException as error:
        if keep is not None:
            keep.forget(made.serial)
        try:
            hands.delete(made.serial)
        except AwsError as fault:
            error.add_note(f"{made.serial} stays without a secret: {fault.why}")
        raise
    return made


def otpauth(device: NewDevice, owner: Owner) -> str:
    """What authenticators scan (Key URI format). It holds the secret."""
    label = f"{quote(ISSUER)}:{quote(owner.name)}@{owner.account}"
    return f"otpauth://totp/{label}?secret={device.secret.reveal()}&issuer={quote(ISSUER)}"


def enable(hands: DeviceHands, owner: Owner, serial: str, prover: Prover) -> None:
    """Give the device to its owner, with two codes in a row. Raises AwsError."""
    prover.twice(serial, lambda codes: hands.enable(owner.name, serial, codes))


def resync(hands: DeviceHands, owner: Owner, serial: str, prover: Prover) -> None:
    """Let AWS take the device's own time, from two codes in a row. Raises AwsError."""
    prover.twice(serial, lambda codes: hands.resync(owner.name, serial, codes))


def found(hands: DeviceHands, owner: Owner, serial: str) -> Device:
    """The owner's device of that serial number, or one that nobody uses yet, whatever its name.
    Raises UsageError when there is none."""
    own = hands.devices_of(owner.name)
    names = dict.fromkeys((owner.name, serial.rsplit("/", 1)[-1]))
    known = (*own, *(each for name in names for each in hands.unused(name)))
    for each in known:
        if each.serial == serial:
            return each
    serials = ", ".join(each.serial for each in known) or "none"
    raise UsageError(
        f"{owner.name} has no MFA device {serial}",
        why=f"AWS lists: {serials}",
        do="vaultaws mfa device list",
    )


def remove(hands: DeviceHands, owner: Owner, device: Device, keep: KeptSecrets | None) -> None:
    """Take a device from its owner and delete it, then forget its secret. Raises AwsError."""
    if device.enabled_at is not None:
        hands.deactivate(owner.name, device.serial)
    if device.virtual:
        hands.delete(device.serial)
    if keep is not None:
        keep.forget(device.serial)
