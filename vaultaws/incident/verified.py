"""A verification as people and machines read it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.aws.cutoff import Holder
from vaultaws.incident.facts import Check, Held, Removal, Stray, Trial
from vaultaws.incident.model import Case
from vaultaws.incident.trials import canaries_of, proof_json
from vaultaws.incident.verdict import Judged, Standing, Verification
from vaultaws.leases.words import ago, count, iso, printable, short_key, table, until

JSON_VERSION: Final = 1
_HEAD: Final = ("", "KEY", "PERSON", "ROLE", "ENDS", "WHY")
_HELD: Final = {Held.HOLDS: "holds", Held.BROKEN: "OPEN", Held.UNKNOWN: "unknown"}
_WIDEST: Final = 28
_COARSE: Final = timedelta(minutes=1)


def render(case: Case, found: Verification) -> str:
    """The table of every credential, then what else holds or does not, then what to do."""
    lines = [_summary(case, found)]
    if found.judged:
        lines.append(table([_HEAD, *(_row(each, found.at) for each in found.judged)]))
    lines += _others(found)
    lines += _trail_lines(case, found)
    lines += [f"note: {printable(note)}" for note in found.notes]
    lines += _next(case, found)
    return "\n".join(lines)


def as_json(case: Case, found: Verification) -> dict[str, Any]:
    """The same for machines; times are ISO 8601, null where not known."""
    return {
        "version": JSON_VERSION,
        "name": case.name,
        "at": iso(found.at),
        "cut_at": iso(case.cut_at),
        "passed": found.passed,
        "counts": {standing.value: len(found.of(standing)) for standing in Standing},
        "credentials": [_credential(each) for each in found.judged],
        "canaries": [proof_json(proof) for proof in found.proofs],
        "checks": [
            {"what": each.what, "held": each.held.value, "why": each.why, "do": each.do}
            for each in found.checks
        ],
        "denies_gone": [_removed(holder, removal) for holder, removal in found.removals],
        "users_without_lease": [_stray(stray) for stray in found.strays],
        "trail": {
            "complete_until": iso(found.trail.until),
            "keys_not_searched": found.trail.unsearched,
            "why": found.trail.why,
        },
        "notes": list(found.notes),
    }


def _summary(case: Case, found: Verification) -> str:
    counts = ", ".join(
        f"{len(found.of(standing)):,} {standing}" for standing in Standing if found.of(standing)
    )
    cut = f"cut {case.cut_at:%Y-%m-%d %H:%M:%S}Z" if case.cut_at else "not cut yet"
    many = count(len(found.judged), "credential", "credentials")
    said = f"{many}: {counts}" if counts else "no credential"
    return f"{case.name} · {cut} · {said}"


def _row(each: Judged, now: datetime) -> tuple[str, ...]:
    suspect = each.suspect
    mark = {Standing.ALIVE: "ALIVE", Standing.UNKNOWN: "unknown", Standing.DEAD: "dead"}
    name = short_key(suspect.access_key_id) if suspect.access_key_id else printable(_short(each))
    why = printable(each.why)
    if each.uses.refused:
        why += f" ({count(each.uses.refused, 'call', 'calls')} refused since)"
    return (
        mark[each.standing],
        name,
        printable(suspect.person) or "—",
        printable(suspect.role) or printable(suspect.made_by) or "—",
        _ends(each, now),
        why,
    )


def _short(each: Judged) -> str:
    """A credential without a known key, by its user or by the end of its lease's id."""
    suspect = each.suspect
    if len(suspect.user) > _WIDEST:
        return f"{suspect.user[: _WIDEST - 9]}…{suspect.user[-8:]}"
    return suspect.user or suspect.lease_id.rsplit("/", 1)[-1][:12] or "—"


def _ends(each: Judged, now: datetime) -> str:
    if each.standing is Standing.DEAD:
        return "—"
    if each.until is None:
        return "never" if each.suspect.user else "not known"
    return until(each.until, now)


def _others(found: Verification) -> Iterator[str]:
    for check in found.checks:
        yield _check_line(check)
    for holder, removal in found.removals:
        yield f"  the deny on {printable(str(holder))}: OPEN: {_removal_words(removal)}"
    for stray in found.strays:
        keys = ", ".join(map(short_key, stray.keys)) or "no key"
        state = "OPEN" if stray.active else "keys off"
        made = f"made {ago(stray.created_at, found.at)}"
        yield f"  IAM user {printable(stray.name)} without a lease ({keys}, {made}): {state}"
    missing = canaries_of(found.proofs, Trial.MISSING)
    for proof in missing:
        whose = f"of {proof.holder}" if proof.holder else "of IAM users"
        yield f"  canary {printable(whose)}: not tried: {printable(proof.why)}"


def _check_line(check: Check) -> str:
    what, why = printable(check.what), printable(check.why)
    if check.held is Held.HOLDS:
        return f"  {what}: {why or 'holds'}"
    return f"  {what}: {_HELD[check.held]}" + (f": {why}" if why else "")


def _removal_words(removal: Removal | None) -> str:
    if removal is None:
        return "it is gone, and CloudTrail does not say (yet) who took it away"
    key = f" with {short_key(removal.access_key_id)}" if removal.access_key_id else ""
    return f"taken away at {iso(removal.at)} by {printable(removal.by)}{key} ({removal.call})"


def _trail_lines(case: Case, found: Verification) -> Iterator[str]:
    probing = sum(each.uses.refused for each in found.judged)
    if probing:
        keys = sum(1 for each in found.judged if each.uses.refused)
        calls = count(probing, "call", "calls")
        yield f"  {calls} with {count(keys, 'key', 'keys')} refused since the cut: somebody tries"
    trail = found.trail
    if trail.until is None:
        yield f"  CloudTrail: not searched: {printable(trail.why)}"
        return
    if trail.unsearched:
        yield f"  CloudTrail: {trail.unsearched:,} keys not searched whole: {printable(trail.why)}"
    if case.cut_at is not None and trail.until < _settled(found, case.cut_at):
        left = _settled(found, case.cut_at) - trail.until
        minutes = max(1, round(left / _COARSE))
        yield (
            f"  CloudTrail may still bring uses of after {trail.until:%H:%M}Z; it is whole in"
            f" {minutes} min: vaultaws incident verify {case.name} --wait"
        )


def _settled(found: Verification, cut_at: datetime) -> datetime:
    """The time of the last proof: until then CloudTrail must be whole to say that all is quiet."""
    return max((proof.since for proof in found.proofs if proof.since), default=cut_at)


def _next(case: Case, found: Verification) -> Iterator[str]:
    if found.passed:
        yield "All of it is dead, and what was stopped is stopped."
        yield f"→ vaultaws incident report {case.name} · vaultaws incident lift {case.name}"
        return
    if found.removals:
        yield f"→ {case.resume} --stronger"
    commands = [check.do for check in found.checks if check.do and check.held is not Held.HOLDS]
    lost = any(each.how in {"deny", "key"} for each in found.of(Standing.ALIVE))
    if lost and not found.removals:
        commands.append(case.resume)
    commands += [
        f"vaultaws incident contain --key {stray.keys[0]}"
        for stray in found.strays
        if stray.active and stray.keys
    ]
    for command in dict.fromkeys(commands):
        yield f"→ {printable(command)}"
    if not commands and not found.removals:
        yield f"→ vaultaws incident verify {case.name}"


def _credential(each: Judged) -> dict[str, Any]:
    suspect, uses = each.suspect, each.uses
    return {
        "name": suspect.name,
        "access_key_id": suspect.access_key_id or None,
        "lease_id": suspect.lease_id or None,
        "person": suspect.person,
        "role": suspect.role,
        "type": suspect.credential_type.value if suspect.credential_type else None,
        "user": suspect.user or None,
        "holders": [str(holder) for holder in suspect.holders],
        "made_with": suspect.parent_key or None,
        "made_by": suspect.made_by or None,
        "standing": each.standing.value,
        "how": each.how,
        "why": each.why,
        "dead_since": iso(each.since),
        "ends_at": iso(each.until),
        "used_after_cut": {
            "allowed": uses.allowed,
            "refused": uses.refused,
            "last_allowed_at": iso(uses.last_allowed),
            "last_allowed_call": uses.last_call or None,
        },
    }


def _removed(holder: Holder, removal: Removal | None) -> dict[str, Any]:
    return {
        "holder": str(holder),
        "at": iso(removal.at) if removal else None,
        "call": removal.call if removal else None,
        "by": removal.by if removal else None,
        "access_key_id": (removal.access_key_id or None) if removal else None,
    }


def _stray(stray: Stray) -> dict[str, Any]:
    return {
        "name": stray.name,
        "role": stray.role,
        "created_at": iso(stray.created_at),
        "access_key_ids": list(stray.keys),
        "active": stray.active,
    }
