"""The plan: from what was seen to the steps that end it. Pure.

Every suspect has a step that kills it, or is named among those that no step reaches. The order of
the steps is that of their kinds (`StepKind`); what was contained before plans the same steps, and
`open_steps` leaves none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vaultaws.aws.cutoff import Holder, HolderKind
from vaultaws.incident import scope as scopes
from vaultaws.incident.model import Case, Scope, Step, StepKind, StepState, Suspect
from vaultaws.incident.picture import Picture
from vaultaws.leases.words import short_key
from vaultaws.model import CredentialType

ORDER: Final = {kind: place for place, kind in enumerate(StepKind)}
LATEST: Final = "latest"
"""In the settings of DENY_TOKENS: when the last of its suspects was issued, as ISO 8601."""


@dataclass(frozen=True)
class Plan:
    """What will be done, in order. `unreached` are suspects that no step kills, with the reason."""

    steps: tuple[Step, ...]
    suspects: tuple[Suspect, ...] = ()
    unreached: tuple[tuple[Suspect, str], ...] = ()
    others: Mapping[Holder, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, *kinds: StepKind) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.kind in kinds)


def plan(scope: Scope, seen: Picture) -> Plan:
    """Return the steps that end everything the picture shows."""
    steps: dict[str, Step] = {}
    unreached: list[tuple[Suspect, str]] = []
    for step in (*_stopping(scope, seen), *_statics(seen), *_root(scope, seen)):
        steps.setdefault(step.id, step)
    for suspect in seen.suspects:
        found, why = _killing(scope, seen, suspect)
        for step in found:
            steps[step.id] = _merged(steps.get(step.id), step)
        if why:
            unreached.append((suspect, why))
    for step in _canaries(seen, tuple(steps.values())):
        steps.setdefault(step.id, step)
    ordered = in_order(seen, steps.values())
    denied = {holder_of(step) for step in ordered}
    others = {holder: number for holder, number in seen.others.items() if holder in denied}
    return Plan(ordered, seen.suspects, tuple(unreached), others, _notes(seen, steps))


def in_order(seen: Picture, steps: Iterable[Step]) -> tuple[Step, ...]:
    """In the order of their kinds; what ends the responder's own session comes last of all."""
    last = _own_holder(seen)
    return tuple(sorted(steps, key=lambda step: (step.id == last, ORDER[step.kind], step.id)))


def open_steps(case: Case, steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps that are still to be taken. A deny that is in force is put anew when a suspect
    was issued after its moment."""
    return tuple(step for step in steps if not _is_done(case, step))


def holder_of(step: Step) -> Holder | None:
    """The principal of a deny or a canary; None for other steps."""
    kind, name = step.settings.get("holder_kind"), step.settings.get("holder_name")
    return Holder(HolderKind(kind), name) if kind and name else None


def _is_done(case: Case, step: Step) -> bool:
    found = case.progress.get(step.id)
    if found is None or found.state is not StepState.DONE:
        return False
    latest, moment = step.settings.get(LATEST), found.evidence.get("moment")
    if step.kind is not StepKind.DENY_TOKENS or not latest or not moment:
        return True
    return datetime.fromisoformat(latest) < datetime.fromisoformat(moment)


def _stopping(scope: Scope, seen: Picture) -> Iterator[Step]:
    mount = seen.place.mount
    if scopes.stops_mount(scope):
        paths = [f"{mount}/{end}/{name}" for name in seen.roles for end in ("creds", "sts")]
        paths += [f"{mount}/static-creds/{static.name}" for static in seen.statics]
        paths += [f"{mount}/{end}/*" for end in ("creds", "sts", "static-creds")]
        yield Step(StepKind.DENY_ISSUANCE, mount, {"paths": sorted(paths)})
    elif scopes.stops_role(scope):
        ends = [f"{mount}/creds/{scope.role}", f"{mount}/sts/{scope.role}"]
        if any(static.name == scope.role for static in seen.statics):
            ends = [f"{mount}/static-creds/{scope.role}"]
        yield Step(StepKind.DENY_ISSUANCE, f"{mount}/{scope.role}", {"paths": ends})
    for login in seen.logins:
        yield Step(StepKind.DISABLE_ENTITY, login.entity_id, {"name": login.name})
    for accessor in seen.accessors:
        yield Step(StepKind.REVOKE_TOKEN, accessor)


def _statics(seen: Picture) -> Iterator[Step]:
    for static in seen.statics:
        yield Step(StepKind.REPLACE_STATIC, static.name, {"user": static.user})
        if static.user:
            holder = Holder(HolderKind.USER, static.user)
            why = f"sessions made with the key of the static role {static.name}"
            yield _deny(holder, None, why)


def _root(scope: Scope, seen: Picture) -> Iterator[Step]:
    place = seen.place
    of_vault = {s.access_key_id for s in seen.suspects if _is_vaults(seen, s)}
    if not (scope.root or seen.spare_keys or of_vault):
        return
    keys = sorted({*seen.spare_keys, *of_vault} - {"", place.root_key_id})
    why = "a suspect made a key of Vault's own user" if keys else ""
    yield Step(StepKind.ROTATE_ROOT, place.mount, {"spare_keys": keys}, why)
    if place.root_user:
        if keys:
            yield Step(StepKind.STOP_USER, place.root_user, {"keys": keys}, why)
        yield _deny(Holder(HolderKind.USER, place.root_user), None, "tokens made with the root key")


def _killing(scope: Scope, seen: Picture, suspect: Suspect) -> tuple[list[Step], str]:
    """The steps for one suspect, and why none of them kills it where that is so."""
    steps: list[Step] = []
    if suspect.lease_id:
        settings = {"user": suspect.user} if suspect.user else {}
        steps.append(Step(StepKind.REVOKE_LEASE, suspect.lease_id, settings))
    if suspect.ends_at is not None and suspect.ends_at <= seen.taken_at:
        return steps, ""  # AWS has ended it; what it made is a suspect of its own
    if _is_vaults(seen, suspect):  # its keys are stopped one by one, with the root
        return steps, "" if suspect.access_key_id else "which key of Vault's own user is not known"
    if suspect.user:
        return [*steps, *_against_user(seen, suspect)], ""
    if _is_long_term(suspect):
        return steps, "" if steps else "nobody knows whose key it is"
    denies, why = _against_token(scope, seen, suspect)
    return [*steps, *denies], why


def _against_token(scope: Scope, seen: Picture, suspect: Suspect) -> tuple[list[Step], str]:
    """Deny a token by its principal, or alone where that is asked for and its session is known."""
    own = seen.place.account
    if suspect.account and own and suspect.account != own:
        names = ", ".join(holder.name for holder in suspect.holders)
        return [], f"the role {names} is of account {suspect.account}: have it cut there"
    if scope.session_only and suspect.session and suspect.holder:
        return [_session(suspect, suspect.holder)], ""
    why = f"{suspect.made_by} with {short_key(suspect.parent_key)}" if suspect.parent_key else ""
    denies = [_deny(holder, suspect.issued_at, why) for holder in suspect.holders]
    return denies, "" if denies else "no principal is known whose deny would kill it"


def _is_vaults(seen: Picture, suspect: Suspect) -> bool:
    return bool(suspect.user) and suspect.user == seen.place.root_user


def _is_long_term(suspect: Suspect) -> bool:
    return suspect.credential_type is CredentialType.IAM_USER


def _against_user(seen: Picture, suspect: Suspect) -> list[Step]:
    """Stop an IAM user. One that Vault made is deleted in the end; one that a suspect made, or
    made a key of, is stopped and kept, for those who look into it."""
    if any(static.user == suspect.user for static in seen.statics) and not suspect.parent_key:
        return []
    if suspect.user == seen.own.user and seen.own.user:
        return []
    why = f"{suspect.made_by} with {short_key(suspect.parent_key)}" if suspect.parent_key else ""
    ours = {"lease_id": suspect.lease_id} if suspect.role and not suspect.parent_key else {}
    steps = [Step(StepKind.STOP_USER, suspect.user, ours, why)]
    if suspect.role and not suspect.parent_key:
        steps.append(Step(StepKind.DELETE_USER, suspect.user, {"lease_id": suspect.lease_id}))
    return steps


def _session(suspect: Suspect, holder: Holder) -> Step:
    settings = {"holder_kind": holder.kind.value, "holder_name": holder.name}
    return Step(StepKind.DENY_SESSION, suspect.session, settings)


def _deny(holder: Holder, latest: datetime | None, why: str = "") -> Step:
    settings: dict[str, Any] = {"holder_kind": holder.kind.value, "holder_name": holder.name}
    if latest is not None:
        settings[LATEST] = latest.isoformat()
    return Step(StepKind.DENY_TOKENS, str(holder), settings, why)


def _merged(known: Step | None, step: Step) -> Step:
    """One deny serves many suspects: it must cover the last of them."""
    if known is None:
        return step
    latest = max(known.settings.get(LATEST) or "", step.settings.get(LATEST) or "")
    settings = {**known.settings, **({LATEST: latest} if latest else {})}
    return Step(known.kind, known.target, settings, known.why or step.why)


def _canaries(seen: Picture, steps: tuple[Step, ...]) -> Iterator[Step]:
    """One credential of each kind and principal, issued before the cut, to prove it later."""
    denied = {holder_of(step) for step in steps if step.kind is StepKind.DENY_TOKENS}
    chosen: set[tuple[CredentialType, Holder | None]] = set()
    for suspect in seen.suspects:
        role = seen.roles.get(suspect.role)
        if role is None or role.mfa_serial_number or not suspect.lease_id:
            continue
        kind = role.credential_type
        of_user = kind is CredentialType.IAM_USER
        for holder in (None,) if of_user else suspect.holders:
            if (kind, holder) in chosen or (holder is not None and holder not in denied):
                continue
            chosen.add((kind, holder))
            yield Step(
                StepKind.CANARY,
                f"{role.name} {holder}" if holder else role.name,
                {
                    "role": role.name,
                    "kind": kind.value,
                    "holder_kind": holder.kind.value if holder else "",
                    "holder_name": holder.name if holder else "",
                },
            )


def _own_holder(seen: Picture) -> str:
    return f"{StepKind.DENY_TOKENS}:{seen.own.holder}" if seen.own.holder else ""


def _notes(seen: Picture, steps: Mapping[str, Step]) -> tuple[str, ...]:
    notes = list(seen.notes)
    if any(step.kind is StepKind.DENY_ISSUANCE for step in steps.values()):
        notes.append("root tokens, and tokens without Vault's default policy, may still issue")
    notes += [f"was undone, and is done again: {step.id}" for step in seen.undone]
    if _own_holder(seen) in steps:
        notes.append(
            f"your own AWS session is of {seen.own.holder}: it is cut last, and you must fetch"
            " another afterwards"
        )
    if seen.own.user and any(suspect.user == seen.own.user for suspect in seen.suspects):
        notes.append(
            f"the IAM user {seen.own.user} is a suspect, and the one you work with: it is not"
            " stopped; go on as somebody else"
        )
    return tuple(notes)
