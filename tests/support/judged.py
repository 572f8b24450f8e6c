"""Cases of incidents made up for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.incident.model import (
    Case,
    Place,
    Progress,
    Scope,
    Step,
    StepKind,
    StepState,
    Suspect,
)
from vaultaws.model import CredentialType

OPENED = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
CUT = OPENED + timedelta(seconds=30)
NOW = OPENED + timedelta(minutes=10)
PLACE = Place("https://vault.test:8200", "", "aws", "123456789012", "vault-root")
ROOT = Holder(HolderKind.USER, "vault-root")
ROLE = Holder(HolderKind.ROLE, "ops")


def token(name: str = "ASIA" + "0" * 16, holder: Holder | None = ROOT, **other: object) -> Suspect:
    """A federation token of one hour, issued five minutes before the case."""
    values: dict[str, object] = {
        "access_key_id": name,
        "lease_id": f"aws/sts/reader-sts/{name[-4:]}",
        "role": "reader-sts",
        "credential_type": CredentialType.FEDERATION_TOKEN,
        "person": "ben",
        "issued_at": OPENED - timedelta(minutes=5),
        "ends_at": OPENED + timedelta(minutes=55),
        "holder": holder,
    }
    return Suspect(**{**values, **other})  # type: ignore[arg-type]  # one dictionary for all


def user(
    name: str = "vault-ben-reader-1", key: str = "AKIA" + "1" * 16, **other: object
) -> Suspect:
    """An IAM user of the engine's."""
    values: dict[str, object] = {
        "access_key_id": key,
        "lease_id": "aws/creds/reader/0001",
        "role": "reader",
        "credential_type": CredentialType.IAM_USER,
        "person": "ben",
        "issued_at": OPENED - timedelta(minutes=5),
        "user": name,
    }
    return Suspect(**{**values, **other})  # type: ignore[arg-type]  # one dictionary for all


def deny_step(holder: Holder) -> Step:
    return Step(
        StepKind.DENY_TOKENS,
        str(holder),
        {"holder_kind": holder.kind.value, "holder_name": holder.name},
    )


def canary_step(kind: str, holder: Holder | None = None, role: str = "reader") -> Step:
    return Step(
        StepKind.CANARY,
        f"{role} {holder}" if holder else role,
        {
            "role": role,
            "kind": kind,
            "holder_kind": holder.kind.value if holder else "",
            "holder_name": holder.name if holder else "",
        },
    )


def case_of(
    *suspects: Suspect,
    steps: tuple[Step, ...] = (),
    progress: Mapping[str, Progress] | None = None,
    name: str = "ben",
    cut_at: datetime | None = CUT,
) -> Case:
    """A case whose steps are all done, a minute after it was opened."""
    done = Progress(StepState.DONE, OPENED + timedelta(minutes=1))
    return Case(
        name=name,
        opened_at=OPENED,
        opened_by="token-ada",
        scope=Scope(person="ben"),
        place=PLACE,
        suspects=suspects,
        steps=steps,
        progress={**{step.id: done for step in steps}, **(progress or {})},
        cut_at=cut_at,
        contained_at=OPENED + timedelta(minutes=1),
    )
