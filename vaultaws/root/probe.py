"""Is the engine's key honoured by AWS? Asked through Vault, in ways that leave nothing behind.

AWS authenticates before it authorises: a refusal for want of a permission proves the key as well
as a success does; only an unknown key says that it is not known yet.

IAM is asked by a write of a static role that the engine must refuse: it looks the user up first
(GetUser), and then finds a period of a second too short (path_static_roles.go), so that it never
stores anything. STS is asked by a role that names an AWS role which does not exist, so that
nothing can ever be issued by it; this role stands in Vault for as long as it is asked.
"""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from vaultaws.aws.errors import DENIED, UNKNOWN_KEY
from vaultaws.aws.streak import Streak, Verdict
from vaultaws.aws.wait import Probe, WaitProgress, WaitReport, run_stages
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultDeniedError, VaultError
from vaultaws.interrupts import deferred_signals
from vaultaws.model import CredentialType, Role
from vaultaws.vault.administration import Administration

NAME: Final = "vaultaws-probe"
IN_A_ROW: Final = 5
NOT_YET: Final = "not known yet"
_TOO_SHORT: Final = "1s"
_FOUND: Final = "rotation period out of range"
_PASSED: Final = ("NoSuchEntity", *sorted(DENIED))
_UNKNOWN: Final = (*sorted(UNKNOWN_KEY), "SignatureDoesNotMatch", "could not obtain sts client")
_CODE: Final = re.compile(r"[A-Za-z.]+")

Watcher = Callable[[WaitProgress], None]


def iam_path(mount: str, name: str = NAME) -> str:
    """What the token must be allowed to update, to ask IAM."""
    return f"{mount}/static-roles/{name}"


def ask_iam(vault: Administration, mount: str, name: str, username: str) -> AwsError | None:
    """Have the engine look a user up; None when AWS honoured the engine's key."""
    refusal = look_up(vault, mount, name, username)
    return read(refusal) if refusal is not None else None


def look_up(vault: Administration, mount: str, name: str, username: str) -> VaultError | None:
    """Have the engine look a user up for a static role, which stays as it is.

    Return None when it found the user, else its refusal. Raises VaultDeniedError when the token
    may not ask.
    """
    body = {"username": username, "rotation_period": _TOO_SHORT}
    try:
        vault.write(iam_path(mount, name), body)
    except VaultDeniedError:
        raise
    except VaultError as refusal:
        return None if _FOUND in refusal.why else refusal
    return None


def ask_sts(vault: Administration, mount: str, role: str) -> AwsError | None:
    """Have the engine assume what does not exist; None when AWS honoured the engine's key."""
    try:
        issued = vault.issue(mount, role, sts=True)
    except VaultDeniedError:
        raise
    except VaultError as refusal:
        return read(refusal)
    vault.revoke_lease(issued.lease.id)
    return None


def read(refusal: VaultError) -> AwsError | None:
    """What AWS's sentence, handed on by the engine, says of the key. Pure."""
    words = set(_CODE.findall(refusal.why))
    for phrase in _UNKNOWN:
        if phrase in words or (" " in phrase and phrase in refusal.why):
            return AwsError(refusal.what, why=refusal.why, do=refusal.do, code=NOT_YET)
    if not words.isdisjoint(_PASSED):
        return None
    return AwsError(refusal.what, why=refusal.why, do=refusal.do)


def classify(answer: AwsError | None) -> Verdict:
    if answer is None:
        return Verdict.HIT
    return Verdict.MISS if answer.code == NOT_YET else Verdict.NOISE


def probe_role(name: str, account: str, partition: str) -> Role:
    """A role by which nothing can be issued: what it assumes does not exist."""
    arn = f"arn:{partition}:iam::{account}:role/{name}"
    return Role(name, CredentialType.ASSUMED_ROLE, role_arns=(arn,))


def new_role_name() -> str:
    return f"{NAME}-{secrets.token_hex(4)}"


@contextmanager
def standing(vault: Administration, mount: str, role: Role) -> Iterator[None]:
    """Keep the probe's role in Vault while the body runs."""
    try:
        vault.write_role(mount, role)
        yield
    finally:
        with deferred_signals():
            vault.delete_role(mount, role.name)


def wait_until_honoured(
    vault: Administration,
    mount: str,
    clock: Clock,
    *,
    sts_role: str | None,
    deadline_seconds: float,
    watch: Watcher | None = None,
    chance: Callable[[], float] = random.random,
) -> WaitReport:
    """Ask IAM, and STS by `sts_role`, until each honoured the key several times in a row.

    Raises WaitTimeoutError at the deadline, VaultDeniedError when the token may not ask.
    """
    nobody = f"vault-{new_role_name()}"
    probes = [Probe("IAM", lambda: ask_iam(vault, mount, NAME, nobody), classify, Streak(IN_A_ROW))]
    if sts_role is not None:
        probes.append(
            Probe("STS", lambda: ask_sts(vault, mount, sts_role), classify, Streak(IN_A_ROW))
        )
    return run_stages(
        [probes], clock=clock, deadline_seconds=deadline_seconds, watch=watch, chance=chance
    )
