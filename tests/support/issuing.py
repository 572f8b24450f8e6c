"""A mount with a role of every credential type, and the AWS side that they need."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pyotp

from tests.support.logins import READ_ONLY
from tests.support.wired import Wired, must

STEP_SECONDS = 30


@dataclass
class Device:
    """The virtual MFA device of Vault's own user. AWS takes each code once."""

    serial: str
    totp: pyotp.TOTP
    used: int = 0

    def code(self) -> str:
        """A code that was not used yet: of this half minute, or of the next (AWS takes both)."""
        now = int(time.time()) // STEP_SECONDS
        self.used = max(self.used + 1, now)
        return str(self.totp.at(self.used * STEP_SECONDS))


@dataclass(frozen=True)
class Roles:
    """reader, reader-sts, session, guarded (with MFA), ops (two AWS roles)."""

    wired: Wired
    device: Device
    arns: tuple[str, str]


def every_type(wired: Wired) -> Roles:
    """Write a role of every type; their names are in `Roles`."""
    must(wired.ask(f"sys/mounts/{wired.mount}/tune", {"default_lease_ttl": "15m"}))
    iam = wired.client("iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=wired.mount)["VirtualMFADevice"]
    device = Device(made["SerialNumber"], pyotp.TOTP(made["Base32StringSeed"].decode()))
    now = int(time.time())
    iam.enable_mfa_device(
        UserName=wired.root_user,
        SerialNumber=device.serial,
        AuthenticationCode1=device.totp.at(now - 2 * STEP_SECONDS),
        AuthenticationCode2=device.totp.at(now - STEP_SECONDS),
    )
    account = device.serial.split(":")[4]
    trusted = {"AWS": f"arn:aws:iam::{account}:root"}
    trust = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}]
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    names = [f"vault-{wired.mount}-{one}" for one in ("a", "b")]
    first, second = (
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        for name in names
    )
    roles: dict[str, dict[str, object]] = {
        "reader": {"credential_type": "iam_user", "policy_document": READ_ONLY},
        "reader-sts": {"credential_type": "federation_token", "policy_document": READ_ONLY},
        "session": {"credential_type": "session_token"},
        "guarded": {"credential_type": "session_token", "mfa_serial_number": device.serial},
        "ops": {"credential_type": "assumed_role", "role_arns": [first, second]},
    }
    for name, role in roles.items():
        must(wired.ask(f"{wired.mount}/roles/{name}", role))
    return Roles(wired, device, (first, second))
