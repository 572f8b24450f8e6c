"""Plans and cases for machines. Pure."""

from __future__ import annotations

from typing import Any, Final

from vaultaws.incident.model import Case, Scope, Step, StepState, Suspect
from vaultaws.incident.plan import open_steps
from vaultaws.incident.show import Shown, notes_of, seconds_of
from vaultaws.leases.words import iso

JSON_VERSION: Final = 1


def document(shown: Shown, *, dry_run: bool) -> dict[str, Any]:
    """All of it, with what became of each step; times are ISO 8601."""
    case, plan = shown.case, shown.plan
    ahead = open_steps(case, plan.steps) if case is not None and dry_run else plan.steps
    return {
        "version": JSON_VERSION,
        "name": shown.name,
        "dry_run": dry_run,
        "scope": _scope(shown.scope),
        "place": {
            "server": shown.place.server,
            "namespace": shown.place.namespace,
            "mount": shown.place.mount,
            "account": shown.place.account,
            "root_user": shown.place.root_user,
        },
        "policy_name": case.policy_name if case else None,
        "opened_at": iso(case.opened_at) if case else None,
        "cut_at": iso(case.cut_at) if case else None,
        "contained_at": iso(case.contained_at) if case else None,
        "look_again_at": iso(shown.late),
        "estimate_seconds": round(seconds_of(ahead), 1),
        "credentials": [_suspect(suspect) for suspect in plan.suspects],
        "unreached": [{"credential": suspect.name, "why": why} for suspect, why in plan.unreached],
        "steps": [_step(step, case) for step in plan.steps],
        "acts": list(shown.picture.acts),
        "notes": list(notes_of(shown)),
    }


def _scope(scope: Scope) -> dict[str, Any]:
    return {
        "person": scope.person,
        "role": scope.role,
        "key": scope.key,
        "everything": scope.everything,
        "since": iso(scope.since),
        "session_only": scope.session_only,
        "root": scope.root,
    }


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {
        "access_key_id": suspect.access_key_id or None,
        "lease_id": suspect.lease_id or None,
        "role": suspect.role or None,
        "credential_type": suspect.credential_type.value if suspect.credential_type else None,
        "person": suspect.person or None,
        "issued_at": iso(suspect.issued_at),
        "ends_at": iso(suspect.ends_at),
        "principals": [str(holder) for holder in suspect.holders],
        "user": suspect.user or None,
        "made_with": suspect.parent_key or None,
        "made_by": suspect.made_by or None,
    }


def _step(step: Step, case: Case | None) -> dict[str, Any]:
    found = case.progress.get(step.id) if case else None
    return {
        "id": step.id,
        "phase": step.kind.phase.value,
        "kind": step.kind.value,
        "target": step.target,
        "reason": step.why or None,
        "state": (found.state if found else StepState.WAITING).value,
        "why": (found.why if found else "") or None,
    }
