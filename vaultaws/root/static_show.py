"""Static roles as people and machines read them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from vaultaws.aws.identity import AccessKey
from vaultaws.config.durations import words
from vaultaws.leases.words import ago, count, iso, printable, short_key, table, until
from vaultaws.root.journal import Unfinished
from vaultaws.root.static import StaticFacts, StaticKey
from vaultaws.root.static_rotate import StaticRotation

JSON_VERSION: Final = 1
_HEAD: Final = ("ROLE", "USER", "KEY", "ROTATED", "NEXT", "PERIOD", "KEYS")
_WIDTH: Final = 14
_LONGEST: Final = 8


def listing(facts: StaticFacts, unfinished: Iterable[Unfinished] = ()) -> str:
    """Return the table, then what is wrong with its rows."""
    now = facts.taken_at
    gaps = [*(unfinished_line(found, now) for found in unfinished), *_gaps(facts)]
    if not facts.roles:
        return "\n".join([f"No static roles on {facts.mount}/.", *gaps])
    lines = [table([_HEAD, *(_row(found, now) for found in facts.roles)])]
    lines.append(count(len(facts.roles), "static role", "static roles"))
    for found in facts.roles:
        lines += [f"{found.role.name}: {note}" for note in notes(found, now)]
    return "\n".join([*lines, *gaps])


def one(facts: StaticFacts) -> str:
    """Return one role in full."""
    (found,) = facts.roles
    now, role = facts.taken_at, found.role
    rows = [
        ("static role", f"{role.name} on {facts.mount}/"),
        ("IAM user", role.username),
        ("in account of", role.assume_role_arn),
        ("key in use", short_key(found.key_id)),
        ("rotated", _rotated(found, now)),
        ("next rotation", _next(found, now)),
        ("period", words(role.rotation_period_seconds)),
    ]
    rows += [("key in AWS", _key_words(key, found, now)) for key in found.keys or ()]
    lines = [f"{label:<{_WIDTH}}{value}" for label, value in rows if value]
    lines += [f"note: {note}" for note in notes(found, now)]
    return "\n".join([*lines, *_gaps(facts)])


def notes(found: StaticKey, now: datetime) -> Iterator[str]:
    """What a person should know of one role, a sentence each."""
    rotate = f"vaultaws static rotate {found.role.name}"
    if not found.key_id and found.keys is not None:
        yield f"Vault keeps no key for it; make one: {rotate}"
    if found.is_gone:
        yield f"AWS has no key {short_key(found.key_id)}: who uses it is refused; {rotate}"
    if found.is_overdue(now):
        yield (
            "the engine should have rotated it and has not: look in the server's log, and at "
            "what Vault's own user may do (vaultaws root show)"
        )
    elif found.is_trapped(now):
        yield (
            f"the stored time of the next rotation does not fit the period of "
            f"{words(found.role.rotation_period_seconds)}: the period was changed after the last "
            f"rotation, and a server that restarts follows the old one; {rotate} sets it right"
        )
    for key in found.others:
        use = "never used" if key.last_used_at is None else f"used {ago(key.last_used_at, now)}"
        yield (
            f"the user has a second key {short_key(key.id)}, made {ago(key.created_at, now)}, "
            f"{use}; the next periodic rotation deletes the older one"
        )


def _row(found: StaticKey, now: datetime) -> tuple[str, ...]:
    wrong = found.is_trapped(now) or found.is_overdue(now) or found.is_gone
    return (
        printable(found.role.name),
        printable(found.role.username),
        short_key(found.key_id),
        _rotated(found, now),
        _next(found, now) + (" !" if wrong else ""),
        words(found.role.rotation_period_seconds),
        "—" if found.keys is None else str(len(found.keys)),
    )


def _rotated(found: StaticKey, now: datetime) -> str:
    return ago(found.rotated_at, now)


def _next(found: StaticKey, now: datetime) -> str:
    if found.rotates_at is None:
        return "—"
    return "overdue" if found.is_overdue(now) else until(found.rotates_at, now)


def _key_words(key: AccessKey, found: StaticKey, now: datetime) -> str:
    state = "in use" if key.id == found.key_id else "not Vault's"
    off = "" if key.active else ", switched off"
    use = "no use known" if key.last_used_at is None else f"last used {ago(key.last_used_at, now)}"
    return f"{short_key(key.id)}  {state}{off} · made {ago(key.created_at, now)} · {use}"


def _gaps(facts: StaticFacts) -> list[str]:
    return [f"unknown: {gap.what}: {gap.why}; {gap.do}" for gap in facts.unknown]


def list_document(facts: StaticFacts, unfinished: Iterable[Unfinished] = ()) -> dict[str, Any]:
    """Return the listing for machines."""
    return {
        "version": JSON_VERSION,
        "mount": facts.mount,
        "taken_at": iso(facts.taken_at),
        "static_roles": [_json(found, facts.taken_at) for found in facts.roles],
        "unfinished": [
            {
                "name": found.operation.name,
                "started_at": iso(found.operation.started),
                "running": found.running,
            }
            for found in unfinished
        ],
        "unknown": _gaps_json(facts),
    }


def one_document(facts: StaticFacts) -> dict[str, Any]:
    """Return one role for machines."""
    (found,) = facts.roles
    return {
        "version": JSON_VERSION,
        "mount": facts.mount,
        "taken_at": iso(facts.taken_at),
        **_json(found, facts.taken_at),
        "unknown": _gaps_json(facts),
    }


def _gaps_json(facts: StaticFacts) -> list[dict[str, str]]:
    return [{"what": gap.what, "why": gap.why, "do": gap.do} for gap in facts.unknown]


def _json(found: StaticKey, now: datetime) -> dict[str, Any]:
    return {
        "name": found.role.name,
        "username": found.role.username,
        "rotation_period_seconds": found.role.rotation_period_seconds,
        "access_key_id": found.key_id or None,
        "rotated_at": iso(found.rotated_at),
        "rotated_at_exact": found.key is not None,
        "rotates_at": iso(found.rotates_at),
        "period_trap": found.is_trapped(now),
        "overdue": found.is_overdue(now),
        "keys": None if found.keys is None else [_key_json(key) for key in found.keys],
        "notes": list(notes(found, now)),
    }


def _key_json(key: AccessKey) -> dict[str, Any]:
    return {
        "access_key_id": key.id,
        "active": key.active,
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
    }


def rotation_text(done: StaticRotation, now: datetime) -> str:
    """Return what a rotation did, for a person."""
    verb = "finished: " if done.resumed else ""
    where, key = f"{done.role.name} on {done.mount}/", short_key(done.new_key)
    lines = [f"{verb}{where} has the new key {key} of IAM user {done.role.username}"]
    if done.rotates_at is not None:
        period = words(done.role.rotation_period_seconds)
        lines.append(f"next rotation {until(done.rotates_at, now)}, then every {period}")
    if done.old_is_gone:
        lines.append(f"the old key {short_key(done.old_key)} is gone")
    if done.trouble is not None:
        lines.append(f"left to do: {done.trouble.do}")
    return "\n".join(lines)


def rotation_document(done: StaticRotation) -> dict[str, Any]:
    """Return what a rotation did, for machines."""
    return {
        "version": JSON_VERSION,
        "mount": done.mount,
        "name": done.role.name,
        "username": done.role.username,
        "access_key_id": done.new_key,
        "old_access_key_id": done.old_key or None,
        "old_key_deleted": done.old_is_gone,
        "rotates_at": iso(done.rotates_at),
        "resumed": done.resumed,
        "left_to_do": [done.trouble.do] if done.trouble is not None else [],
    }


def unfinished_line(found: Unfinished, now: datetime) -> str:
    """Return where a rotation of a static role stands that has not come to its end."""
    name, begun = found.operation.name, ago(found.operation.started, now)
    if found.running:
        return f"{name}: a rotation begun {begun} is under way on this machine"
    return (
        f"{name}: a rotation begun {begun} was cut off, and the role may be gone: "
        f"vaultaws static rotate {name} goes on"
    )


def held_by(found: StaticKey, now: datetime, readers: Mapping[str, datetime] | None) -> str:
    """Return who has the key that is about to die, as far as it is known."""
    since = ago(found.rotated_at, now) if found.rotated_at is not None else "it was made"
    if readers is None:
        holders = f"whoever has read it since {since}"
    elif not readers:
        holders = f"nobody has read it since {since}, says the audit log"
    else:
        last = sorted(readers.items(), key=lambda item: item[1], reverse=True)
        named = [f"{printable(name)} ({ago(moment, now)})" for name, moment in last[:_LONGEST]]
        more = f" and {len(last) - _LONGEST} more" if len(last) > _LONGEST else ""
        holders = ", ".join(named) + more
    use = found.key.last_used_at if found.key is not None else None
    used = f" · last used in AWS {ago(use, now)}" if use is not None else ""
    return (
        f"{short_key(found.key_id)} is held by: {holders}{used}; "
        "they are refused until they read the new one"
    )
