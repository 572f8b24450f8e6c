"""An incident contained by hand on a real server and the local AWS, with its journal and canaries.

Two credentials of ben's: a federation token and an IAM user. What verify and lift see is what
`incident contain` leaves, made with the same deeds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.commands import Shell
from tests.support.kernel import real_keys
from tests.support.logins import write_roles
from tests.support.people import operator
from tests.support.places import here
from tests.support.wired import Wired
from vaultaws.aws.cutoff import Cutter, Holder, HolderKind
from vaultaws.aws.moment import after, ask_time
from vaultaws.clock import SystemClock
from vaultaws.incident import canary, denyblock
from vaultaws.incident.journal import Cases
from vaultaws.incident.keeper import Keeper, open_keeper
from vaultaws.incident.model import Place, Scope, Step, StepKind, StepState, Suspect
from vaultaws.leases.journal import Journal
from vaultaws.model import CredentialType, Issued

CASE = "ben"
KERNEL = {"VAULTAWS_CACHE": "kernel"}


@dataclass(frozen=True)
class Contained:
    """The case as it stands, and ben's credentials."""

    wired: Wired
    shell: Shell
    cases: Cases
    keeper: Keeper
    holder: Holder
    token: Issued
    user: Issued
    user_name: str
    cut_at: datetime

    def told(self, verb: str, *arguments: str, code: int = 0) -> Any:
        """Run one verb of `incident` on the case, which must end with `code`; its JSON."""
        ended, out, said = here(self.shell, "incident", verb, CASE, *arguments, "--json")
        assert ended == code, out + said
        return json.loads(out)

    def said(self, verb: str, *arguments: str, code: int = 0) -> str:
        """The same, as a person reads it."""
        ended, out, err = here(self.shell, "incident", verb, CASE, *arguments)
        assert ended == code, out + err
        return out + err

    def kept(self, step: Step) -> bool:
        """True while another process finds the canary of the step."""
        place = self.cases.read(CASE).place
        return open_keeper(CASE, place, {**os.environ, **KERNEL}).load(step.id) is not None

    @property
    def policy_name(self) -> str:
        return self.cases.read(CASE).policy_name

    @property
    def mark(self) -> str:
        return self.cases.read(CASE).mark


@contextmanager
def contained(wired: Wired, directory: Path) -> Iterator[Contained]:
    """Issue, issue canaries, cut, revoke, write it all down; forget the canaries in the end.

    The environment must lead to the local AWS.
    """
    real_keys()
    write_roles(wired)
    shell, vault = operator(wired, directory, **KERNEL), wired.vault
    place = Place(vault.address, "", wired.mount, root_user=wired.root_user)
    keeper = open_keeper(CASE, place, {**os.environ, **KERNEL})
    cases = Cases(shell.state / "incidents", SystemClock())
    holder = Holder(HolderKind.USER, wired.root_user)
    default = vault.read_acl_policies(["default"])["default"]
    others = set(wired.user_names("reader"))
    token = vault.issue(wired.mount, "reader-sts", sts=True)
    user = vault.issue(wired.mount, "reader", sts=False)
    (name,) = set(wired.user_names("reader")) - others
    steps = _steps(wired, holder, token, user, name)
    made = _Making(wired, shell, cases, keeper, steps)
    try:
        with cases.opened(CASE, "token-ada", Scope(person="ben"), place) as writer:
            writer.found(_suspects(token, user, name, holder), tuple(steps.values()))
            cut_at = made.deeds(writer)
            writer.mark("contained")
        yield Contained(wired, shell, cases, keeper, holder, token, user, name, cut_at)
    finally:
        if not vault.health().sealed:
            vault.write_acl_policy("default", default)
        for step in cases.read(CASE).steps if cases.exists(CASE) else ():
            keeper.forget(step.id)


def _suspects(token: Issued, user: Issued, name: str, holder: Holder) -> tuple[Suspect, Suspect]:
    return (
        Suspect(
            access_key_id=token.credentials.access_key_id,
            lease_id=token.lease.id,
            role="reader-sts",
            credential_type=CredentialType.FEDERATION_TOKEN,
            person="ben",
            issued_at=token.lease.issued_at,
            ends_at=token.credentials.expires_at,
            holder=holder,
        ),
        Suspect(
            access_key_id=user.credentials.access_key_id,
            lease_id=user.lease.id,
            role="reader",
            credential_type=CredentialType.IAM_USER,
            person="ben",
            issued_at=user.lease.issued_at,
            user=name,
        ),
    )


def _steps(wired: Wired, holder: Holder, token: Issued, user: Issued, name: str) -> dict[str, Step]:
    said = {"holder_kind": holder.kind.value, "holder_name": holder.name}
    none = {"holder_kind": "", "holder_name": ""}
    paths = [f"{wired.mount}/sts/reader-sts", f"{wired.mount}/creds/reader"]
    made = (
        Step(
            StepKind.CANARY,
            f"reader-sts {holder}",
            {"role": "reader-sts", "kind": "federation_token", **said},
        ),
        Step(StepKind.CANARY, "reader", {"role": "reader", "kind": "iam_user", **none}),
        Step(StepKind.DENY_ISSUANCE, wired.mount, {"paths": paths}),
        Step(StepKind.DENY_TOKENS, str(holder), said),
        Step(StepKind.REVOKE_LEASE, token.lease.id),
        Step(StepKind.REVOKE_LEASE, user.lease.id, {"user": name}),
    )
    return {step.id: step for step in made}


@dataclass(frozen=True)
class _Making:
    """The deeds, each written down as contain does."""

    wired: Wired
    shell: Shell
    cases: Cases
    keeper: Keeper
    steps: dict[str, Step]

    def deeds(self, writer: object) -> datetime:
        from vaultaws.incident.journal import Writer

        assert isinstance(writer, Writer)
        vault, clock = self.wired.vault, SystemClock()
        journal = Journal(self.shell.state / "journal", clock)
        place = self.cases.read(CASE).place
        policy = self.cases.read(CASE).policy_name
        for step in self._of(StepKind.CANARY):
            evidence = canary.issue(
                vault, place, step, keeper=self.keeper, journal=journal, clock=clock
            )
            writer.note(step, StepState.DONE, evidence=evidence)
        journal.close()
        cut_at = after(ask_time(clock).at)
        writer.mark("cut", time=cut_at)
        for step in self._of(StepKind.DENY_ISSUANCE):
            text = vault.read_acl_policies(["default"])["default"]
            mark = self.cases.read(CASE).mark
            denied = denyblock.with_block(text, mark, step.settings["paths"])
            vault.write_acl_policy("default", denied)
            writer.note(step, StepState.DONE)
        for step in self._of(StepKind.DENY_TOKENS):
            holder = Holder(HolderKind.USER, self.wired.root_user)
            Cutter().cut(holder, cut_at, policy)
            writer.note(step, StepState.DONE, evidence={"policy_name": policy})
        for step in self._of(StepKind.REVOKE_LEASE):
            vault.revoke_lease(step.target)
            writer.note(step, StepState.DONE)
        for lease in self._canary_leases():
            vault.revoke_lease(lease)
        return cut_at

    def _of(self, kind: StepKind) -> list[Step]:
        return [step for step in self.steps.values() if step.kind is kind]

    def _canary_leases(self) -> list[str]:
        progress = self.cases.read(CASE).progress
        return [progress[step.id].evidence["lease_id"] for step in self._of(StepKind.CANARY)]
