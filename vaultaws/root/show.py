"""What is known of the engine's own key, as people and machines read it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from vaultaws.aws.identity import AccessKey
from vaultaws.leases.words import ago, count, iso, printable, short_key, table
from vaultaws.root.facts import RootFacts, rotate_command
from vaultaws.root.rights import Right, Standing

JSON_VERSION: Final = 1
OLD: Final = timedelta(days=90)
"""CIS AWS Foundations Benchmark: access keys are replaced every 90 days or sooner."""
_WIDTH: Final = 12
_LONGEST_LIST: Final = 20


def text(facts: RootFacts) -> str:
    """Return everything for a person, what is unknown last."""
    health = facts.health
    head = f"{facts.mount}/ on {facts.address} ({health.product.label} {health.version})"
    lines = [head, "", *_key_lines(facts), *_other_lines(facts), *_right_lines(facts)]
    lines += [f"unknown: {gap.what}: {gap.why}; {gap.do}" for gap in facts.unknown]
    return "\n".join(lines)


def _row(label: str, words: str) -> str:
    return f"{label:<{_WIDTH}}{words}"


def _key_lines(facts: RootFacts) -> Iterator[str]:
    if not facts.key_id:
        yield _row("key", "none is stored: the server uses credentials of its own")
        yield _row("", "(its environment, instance profile or web identity); it cannot be rotated")
        return
    who = short_key(facts.key_id)
    if facts.user is not None:
        who += f" of IAM user {facts.user.name} in account {facts.user.account}"
    yield _row("key", who)
    if facts.orphaned:
        yield _row("", "!! AWS has no such key: nothing can be issued with it")
    key = facts.key
    if key is None:
        return
    if not key.active:
        yield _row("", "!! it is switched off in AWS: nothing can be issued with it")
    yield _row("age", f"{_age(key, facts.taken_at)} · {_use(key, facts.taken_at)}")
    if facts.taken_at - key.created_at >= OLD:
        yield _row("", f"! older than {OLD.days} d: {rotate_command(facts.mount)}")


def _age(key: AccessKey, now: datetime) -> str:
    return f"made {ago(key.created_at, now)} ({key.created_at:%Y-%m-%d})"


def _use(key: AccessKey, now: datetime) -> str:
    if key.last_used_at is None:
        return "AWS knows of no use"
    where = ", ".join(part for part in (key.last_used_service, key.last_used_region) if part)
    return f"last used {ago(key.last_used_at, now)}" + (f" ({printable(where)})" if where else "")


def _other_lines(facts: RootFacts) -> Iterator[str]:
    """The user's other keys, and what they do to a rotation."""
    for key in facts.others:
        state = "" if key.active else "switched off, "
        words = f"{short_key(key.id)}  {state}{_age(key, facts.taken_at)} · "
        yield _row("other key", words + _use(key, facts.taken_at))
    if facts.is_blocked and facts.others:
        spare = short_key(facts.others[0].id)
        yield _row("rotation", "!! blocked: AWS allows two keys, and a rotation makes one first")
        yield _row("", f"if nobody uses it: {rotate_command(facts.mount, '--delete-spare', spare)}")
    elif facts.keys is not None and not facts.orphaned:
        yield _row("rotation", "not blocked")


def _right_lines(facts: RootFacts) -> Iterator[str]:
    if facts.rights is None or facts.roles is None:
        return
    allowed = sum(right.standing is Standing.ALLOWED for right in facts.rights)
    calls, roles = len(facts.rights), count(facts.roles, "role", "roles")
    judges = _judges(facts.rights)
    yield _row("may call", f"{allowed:,} of the {calls:,} things it needs for {roles}, {judges}")
    noted = [right for right in facts.rights if _is_worth_saying(right)]
    rows = [_right_row(right) for right in noted[:_LONGEST_LIST]]
    if rows:
        yield from ("  " + line for line in table(rows).splitlines())
    if len(noted) > _LONGEST_LIST:
        yield f"  and {len(noted) - _LONGEST_LIST} more: vaultaws root show --json"


def _judges(rights: Sequence[Right]) -> str:
    """Who judged: of very many things IAM is asked some."""
    asked = sum(right.asked is not Standing.UNKNOWN for right in rights)
    if not asked:
        return "by its policies alone"
    some = "" if asked == len(rights) else f" of {asked:,}"
    return f"by its policies and by IAM's simulation{some}"


def _is_worth_saying(right: Right) -> bool:
    return right.standing is not Standing.ALLOWED or right.disagree


def _right_row(right: Right) -> tuple[str, ...]:
    mark = {Standing.DENIED: "!!", Standing.UNKNOWN: "?"}.get(right.standing, "!")
    wanted = right.wanted
    return mark, wanted.action, wanted.resource, _needed_by(right), _opinions(right)


def _needed_by(right: Right) -> str:
    names = [name or "rotate-root" for name in right.wanted.needed_by]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more


def _opinions(right: Right) -> str:
    """What was decided and why; both opinions where they differ."""
    why = f": {printable(right.why)}" if right.why else ""
    if right.disagree:
        return f"IAM says {right.asked}, its policies say {right.computed}{why}"
    return f"{right.standing}{why}"


def document(facts: RootFacts) -> dict[str, Any]:
    """Return everything for machines."""
    health, root, user = facts.health, facts.root, facts.user
    return {
        "version": JSON_VERSION,
        "mount": facts.mount,
        "server": {
            "address": facts.address,
            "product": health.product.value,
            "version": health.version,
        },
        "taken_at": iso(facts.taken_at),
        "stored": bool(facts.key_id),
        "region": root.region or None if root is not None else None,
        "username_template": root.username_template or None if root is not None else None,
        "user": {"name": user.name, "arn": user.arn, "account": user.account} if user else None,
        "access_key_id": facts.key_id or None,
        "known_to_aws": None if not facts.keys and not facts.orphaned else not facts.orphaned,
        "key": _key_json(facts.key) if facts.key is not None else None,
        "other_keys": None if facts.keys is None else [_key_json(key) for key in facts.others],
        "rotation_blocked": None if facts.keys is None else facts.is_blocked,
        "roles": facts.roles,
        "rights": None if facts.rights is None else [_right_json(each) for each in facts.rights],
        "unknown": [{"what": gap.what, "why": gap.why, "do": gap.do} for gap in facts.unknown],
    }


def _key_json(key: AccessKey) -> dict[str, Any]:
    return {
        "access_key_id": key.id,
        "active": key.active,
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
        "last_used_service": key.last_used_service or None,
        "last_used_region": key.last_used_region or None,
    }


def _right_json(right: Right) -> dict[str, Any]:
    return {
        "action": right.wanted.action,
        "resource": right.wanted.resource,
        "needed_by": [name or "rotate-root" for name in right.wanted.needed_by],
        "standing": right.standing.value,
        "by_policies": right.computed.value,
        "by_iam": right.asked.value,
        "why": right.why or None,
    }
