"""A person with a long-term key, an MFA device and files in ~/.aws, against a local AWS."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp

from tests.support.aws_clients import a_user, allow, client, trust
from tests.support.commands import Shell
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

STEP = 30
NAME = "ada"
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


class Authenticator:
    """Shows the codes of a secret, by the local AWS's time."""

    def __init__(self, aws: LocalAws, secret: str) -> None:
        self._aws = aws
        self.secret = secret
        self._totp = pyotp.TOTP(secret)

    def code(self, steps: int = 0) -> str:
        """The code of so many steps from now."""
        return self.pair(steps)[1]

    def pair(self, steps: int = 0) -> tuple[str, str]:
        """The code of so many steps from now behind the one before it, of one and the same now."""
        at = int(self._aws.clock.now().timestamp()) + steps * STEP
        return self._totp.at(at - STEP), self._totp.at(at)

    def fresh(self) -> str:
        """A code that was never shown: time moves on by a step."""
        self._aws.clock.advance(STEP)
        return self.code()

    def wrong(self) -> str:
        """Six digits that are near no code of now."""
        near = {self.code(step) for step in range(-3, 4)}
        return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


@dataclass(frozen=True)
class Person:
    """Ada, at a shell of her own."""

    aws: LocalAws
    shell: Shell
    key: Credentials
    serial: str
    authenticator: Authenticator

    @property
    def credentials_file(self) -> Path:
        return self.shell.directory / ".aws" / "credentials"

    @property
    def config_file(self) -> Path:
        return self.shell.directory / ".aws" / "config"

    @property
    def long_term(self) -> str:
        """The section of aws-mfa's layout."""
        return key_section(f"{NAME}-long-term", self.key) + f"aws_mfa_device = {self.serial}\n"

    def with_environ(self, **more: str) -> Person:
        shell = Shell(self.shell.directory, {**self.shell.more, **more})
        return Person(self.aws, shell, self.key, self.serial, self.authenticator)

    def role(self, name: str, trusted: str = "", **trust_more: Any) -> str:
        """A role that trusts the account, or `trusted`; its ARN."""
        principal = trusted or f"arn:aws:iam::{self.aws.account_id}:root"
        made = client(self.aws, "iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=trust(principal, **trust_more)
        )
        return str(made["Role"]["Arn"])

    def profiles(self, text: str) -> None:
        """Write ~/.aws/config."""
        self.config_file.write_text(text)


def key_section(name: str, key: Credentials) -> str:
    secret = key.secret_access_key.reveal()
    return f"[{name}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {secret}\n"


def ada(aws: LocalAws, directory: Path, *statements: Mapping[str, Any]) -> Person:
    """Make Ada, her device and her files in aws-mfa's layout."""
    key = a_user(aws, NAME, *(statements or (allow("sts:*", "iam:*"),)))
    iam = client(aws, "iam")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=NAME)["VirtualMFADevice"]
    serial, authenticator = (
        made["SerialNumber"],
        Authenticator(aws, made["Base32StringSeed"].decode()),
    )
    first, second = authenticator.pair()
    iam.enable_mfa_device(
        UserName=NAME,
        SerialNumber=serial,
        AuthenticationCode1=first,
        AuthenticationCode2=second,
    )
    person = Person(aws, shell_for(aws, directory), key, serial, authenticator)
    person.credentials_file.parent.mkdir(mode=0o700)
    person.credentials_file.write_text(f"# Ada's own\n{person.long_term}")
    person.credentials_file.chmod(0o600)
    return person


def shell_for(aws: LocalAws, directory: Path, **more: str) -> Shell:
    """A shell whose AWS is the local one, with a keyring in a file and the cache in files."""
    return Shell(
        directory,
        {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "VAULTAWS_CACHE": "file",
            "PYTHON_KEYRING_BACKEND": "tests.support.file_keyring.FileKeyring",
            "FILE_KEYRING": str(directory / "keyring.json"),
            "PYTHON": sys.executable,
            "USER": NAME,
            "LOGNAME": NAME,
            **({"AWS_CA_BUNDLE": bundle} if (bundle := os.environ.get("AWS_CA_BUNDLE")) else {}),
            **more,
        },
    )
