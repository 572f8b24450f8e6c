"""`vaultaws mfa device`: one's own virtual MFA device."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from vaultaws.cli import output
from vaultaws.cli.mfa_wiring import (
    Adapters,
    adapters,
    code_option,
    device_option,
    kept_secrets,
    profile_option,
)
from vaultaws.cli.options import json_option, yes_option
from vaultaws.cli.wiring import confirm, demand_somebody
from vaultaws.handoff.formats import iso
from vaultaws.model import Secret

if TYPE_CHECKING:
    from vaultaws.aws.devices import DeviceHands, NewDevice
    from vaultaws.mfa.device import Owner
    from vaultaws.mfa.secretkept import KeptSecrets


@click.group(epilog="\b\nExample:\n  vaultaws mfa device list")
def device() -> None:
    """Make, enable, set right and remove your own virtual MFA device."""


@dataclass(frozen=True)
class _Opened:
    """The caller's hands on the devices, and what else a verb needs."""

    own: Adapters
    hands: DeviceHands
    owner: Owner
    process: str


def _open(profile: str | None) -> _Opened:
    """A good session of the profile is used before its key: accounts may want MFA for this."""
    from vaultaws.aws.devices import DeviceHands
    from vaultaws.mfa.callers import identify
    from vaultaws.mfa.device import owner_of
    from vaultaws.mfa.profiles import LONG_TERM

    own = adapters()
    book = own.read()
    base = own.caller(profile, book)
    name = own.profile(profile)
    process = book.profile(f"{name}{LONG_TERM}").get("mfa_process") or book.profile(name).get(
        "mfa_process", ""
    )
    with output.Progress("asking AWS"):
        owner = owner_of(identify(base.credentials, base.profile))
    return _Opened(own, DeviceHands(base.credentials, profile=base.profile), owner, process)


@device.command("list", epilog="\b\nExample:\n  vaultaws mfa device list")
@profile_option
@json_option
def list_devices(*, profile: str | None, as_json: bool) -> None:
    """List your own MFA devices: those in use, and those made and never enabled."""
    from vaultaws.mfa.device import devices

    opened = _open(profile)
    found = devices(opened.hands, opened.owner)
    if as_json:
        listed = [
            {
                "serial_number": each.serial,
                "virtual": each.virtual,
                "enabled_at": iso(each.enabled_at) if each.enabled_at is not None else None,
            }
            for each in found
        ]
        output.as_json({"version": 1, "user": opened.owner.name, "devices": listed})
        return
    for each in found:
        since = f"in use since {iso(each.enabled_at)}" if each.enabled_at else "not enabled"
        output.result(f"{each.serial}  {since}")
    if not found:
        output.say(f"{opened.owner.name} has no MFA device: vaultaws mfa device create")


@device.command("create", epilog="\b\nExample:\n  vaultaws mfa device create --store")
@click.argument("name", required=False)
@click.option("--store", is_flag=True, help="Keep the secret in the OS keyring.")
@profile_option
def create_device(*, name: str | None, store: bool, profile: str | None) -> None:
    """Make a virtual device and show its secret as a QR code, on the terminal only.

    NAME is your user name where none is said; a device of another name leaves that one free for
    whoever has your key. With --store the secret goes into the OS keyring,
    and codes are made here from then on: who opens the keyring has both factors. Enable it next.
    """
    from vaultaws.cli.terminal import on_terminal
    from vaultaws.mfa.device import create

    keep = _keyring() if store else None
    if not store:
        on_terminal("", instead="run it at a terminal, or keep the secret with --store")
    opened = _open(profile)

    def show(made: NewDevice) -> None:
        on_terminal(_picture(made, opened.owner), instead="--store")

    made = create(opened.hands, name or opened.owner.name, keep, None if store else show)
    output.say(f"made {made.serial}{'; its secret is in the keyring' if store else ''}")
    output.say(f"next: vaultaws mfa device enable --device {made.serial}")


def _keyring() -> KeptSecrets:
    found = kept_secrets()
    if found is None:
        raise ModuleNotFoundError(name="keyring")
    return found


def _picture(made: NewDevice, owner: Owner) -> str:
    """The QR code and the secret beneath it."""
    import segno

    from vaultaws.mfa.device import otpauth

    drawn = io.StringIO()
    segno.make(otpauth(made, owner), micro=False, error="l").terminal(drawn, border=2, compact=True)
    return f"{drawn.getvalue()}\nsecret: {made.secret.reveal()}\n"


@device.command("enable", epilog="\b\nExample:\n  vaultaws mfa device enable")
@device_option
@code_option
@profile_option
def enable_device(*, device: str, codes: tuple[Secret, ...], profile: str | None) -> None:
    """Put a device to use, with two codes in a row: asked for, made here, or twice --code.

    The device is the one with your user name where none is said.
    """
    from vaultaws.mfa.device import enable

    opened = _open(profile)
    serial = device or opened.owner.usual_serial
    enable(opened.hands, opened.owner, serial, opened.own.prover(codes, opened.process))
    output.say(f"{serial} is in use")
    output.say(f"next: aws_mfa_device = {serial} beside the key in ~/.aws/credentials")


@device.command("resync", epilog="\b\nExample:\n  vaultaws mfa device resync")
@device_option
@code_option
@profile_option
def resync_device(*, device: str, codes: tuple[Secret, ...], profile: str | None) -> None:
    """Let AWS follow a device whose clock is off, with two codes in a row."""
    from vaultaws.mfa.device import chosen, resync

    opened = _open(profile)
    serial = chosen(opened.hands, opened.owner, device)
    resync(opened.hands, opened.owner, serial, opened.own.prover(codes, opened.process))
    output.say(f"{serial} is in step with AWS again")


@device.command("remove", epilog="\b\nExample:\n  vaultaws mfa device remove --yes")
@device_option
@profile_option
@yes_option
def remove_device(*, device: str, profile: str | None, yes: bool) -> None:
    """Take a device out of use and delete it; its secret leaves the keyring too."""
    from vaultaws.mfa.device import chosen, found, remove

    demand_somebody("vaultaws mfa device remove", yes=yes)
    opened = _open(profile)
    there = found(opened.hands, opened.owner, chosen(opened.hands, opened.owner, device))
    confirm(f"Remove {there.serial} of {opened.owner.name}?", yes=yes)
    remove(opened.hands, opened.owner, there, kept_secrets())
    output.say(f"{there.serial} is gone")
