"""Where an observation looks, and what it could not see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from vaultaws.aws.identity import IamUser
from vaultaws.aws.moment import Answered
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultawsError
from vaultaws.incident.model import Scope
from vaultaws.leases.ledger import Ledger
from vaultaws.model import AuditIssuance, Role
from vaultaws.vault.administration import Administration

VAULT: Final = "vault"
AWS: Final = "aws"
TRAIL: Final = "trail"


class Cloud(Protocol):
    """AWS, as far as an observation asks it. Every method raises AwsError."""

    def ask_time(self) -> Answered: ...
    def users(self) -> Iterable[IamUser]: ...
    def key_owner(self, access_key_id: str) -> str: ...
    def keys_of(self, user: str) -> list[str]: ...


@dataclass(frozen=True)
class Sources:
    """Where an observation looks. `declared` are the roles of a file, for a server that does not
    answer. `static_names` are all static roles, as a file or a person says, for a server that
    cannot list them; None where neither says. `root_user` is what the person said it is."""

    vault: Administration
    cloud: Cloud
    mount: str
    clock: Clock
    ledger: Ledger
    issuances: Sequence[AuditIssuance] = ()
    audit_files: tuple[Path, ...] = ()
    key_hash: str = ""
    declared: tuple[Role, ...] = ()
    static_names: tuple[str, ...] | None = None
    root_user: str = ""


@dataclass
class Looking:
    """One observation under way."""

    sources: Sources
    scope: Scope
    blind: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unseen: dict[str, str] = field(default_factory=dict)

    def still_unseen(self, before: Mapping[str, str]) -> dict[str, str]:
        """What is unknown after this look, and what was `before`: a look that was blind for
        something has made nothing known."""
        return {**(before if self.blind else {}), **self.unseen}

    def vault_fault(self, fault: VaultawsError) -> None:
        self.blind.setdefault(VAULT, f"{fault.what}: {fault.why}")

    def aws_fault(self, fault: AwsError) -> None:
        self.blind.setdefault(AWS, f"{fault.what}: {fault.why}")
