"""The AWS side of root and static roles: one operator's credentials, four ways to ask."""

from __future__ import annotations

from dataclasses import dataclass

from vaultaws.aws.identity import Directory
from vaultaws.aws.keys import KeyHands
from vaultaws.aws.policies_of import PolicyReader
from vaultaws.aws.simulate import Simulator
from vaultaws.errors import AwsError, VaultawsError


@dataclass(frozen=True)
class AwsSide:
    """IAM, asked with the operator's own AWS credentials. Vault's secret is never used."""

    directory: Directory
    reader: PolicyReader
    simulator: Simulator
    hands: KeyHands


@dataclass(frozen=True)
class Unknown:
    """Something that could not be found out, why, and what would help."""

    what: str
    why: str
    do: str

    @classmethod
    def of(cls, what: str, fault: VaultawsError) -> Unknown:
        return cls(what, fault.why, fault.do)


def open_side() -> AwsSide | AwsError:
    """The AWS side, or why there is none. Nothing is asked yet."""
    try:
        return AwsSide(Directory(), PolicyReader(), Simulator(), KeyHands())
    except AwsError as fault:
        return fault
