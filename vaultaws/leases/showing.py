"""All that is known of one credential, found by its lease or key, as people and machines read it.

Pure: the inventory, the audit log and AWS's answers are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vaultaws.aws.identity import AccessKey
from vaultaws.errors import UsageError
from vaultaws.leases.inventory import Holding, Inventory, LastUse, LeaseState
from vaultaws.leases.listing import credential_json, token_end
from vaultaws.leases.revoke import fitting
from vaultaws.leases.words import ago, iso, printable, short_key, until
from vaultaws.model import AuditIssuance

JSON_VERSION: Final = 1
LABEL_WIDTH: Final = 13


@dataclass(frozen=True)
class InAws:
    """What AWS says of a key. `key` None: not seen, or no key of an IAM user. `gone`: IAM was asked
    and has no such key."""

    key: AccessKey | None = None
    last_use: LastUse | None = None
    notes: tuple[str, ...] = ()
    gone: bool = False


@dataclass(frozen=True)
class Shown:
    """One credential. `held` None: no lease is known of the key. `is_root`: Vault's own key."""

    mount: str
    at: datetime
    access_key_id: str
    held: Holding | None = None
    asked: AuditIssuance | None = None
    aws: InAws = InAws()
    notes: tuple[str, ...] = ()
    is_root: bool = False


def is_lease(what: str) -> bool:
    """True for a lease id (MOUNT/creds|sts/ROLE/RANDOM); key ids have no slash."""
    return "/" in what


def find(inventory: Inventory, what: str, key_hash: str = "") -> Holding | None:
    """The credential with that lease, or key in whole or short form; None when none is known.

    `key_hash` is the audit log's digest of a whole key. Raises UsageError when several fit.
    """
    if is_lease(what):
        found = fitting(inventory, lease_id=what)
    else:
        found = fitting(inventory, key=what, key_hash=key_hash)
    if len(found) > 1:
        raise several(what, [held.access_key_id or held.lease_id for held in found])
    return found[0] if found else None


def several(what: str, names: Sequence[str]) -> UsageError:
    """The refusal of a short form that does not tell one key from another."""
    return UsageError(
        f"{what} fits several credentials",
        why=", ".join(sorted(names)),
        do="give the whole key id, or the lease",
    )


def unknown(what: str, mount: str, notes: Sequence[str]) -> UsageError:
    """The refusal of what nothing knows."""
    seen = "no lease, journal or audit log knows it alive"
    if not is_lease(what):
        seen += ", and no IAM user that was seen has it"
    return UsageError(
        f"no credential of {mount}/ is {what}",
        why="; ".join((seen, *notes)),
        do="vaultaws leases list",
    )


def render(shown: Shown) -> str:
    """Return one fact a line, then what to do, then the notes."""
    held, aws = shown.held, shown.aws
    facts = [("key", shown.access_key_id or "not known in clear")]
    facts += _lease_facts(held, shown) if held is not None else [("lease", "(no lease)")]
    if aws.key is not None:
        state = "active" if aws.key.active else "inactive"
        facts.append(("IAM user", f"{printable(aws.key.user)} · key {state}"))
        if held is None:
            facts.append(("created", ago(aws.key.created_at, shown.at)))
    use = aws.last_use
    used = f"{printable(use.service)} · {ago(use.time, shown.at)}" if use else "—"
    facts.append(("last used", used))
    lines = [f"{label.ljust(LABEL_WIDTH)}{value}" for label, value in facts]
    lines += [f"do: {do}" for do in todo(shown)]
    lines += [f"note: {printable(note)}" for note in (*shown.notes, *aws.notes)]
    return "\n".join(lines)


def _lease_facts(held: Holding, shown: Shown) -> list[tuple[str, str]]:
    kind = held.credential_type.value if held.credential_type else _kind(held)
    facts = [
        ("lease", held.lease_id),
        ("role", f"{held.role} ({kind})"),
        ("person", _person(held, shown.asked)),
        ("issued", ago(held.issued_at, shown.at)),
        ("lease ends", _lease_end(held, shown.at)),
        ("token ends", token_end(held, shown.at, " ! (outlives its lease)")),
        ("renewable", "yes" if held.renewable else "no"),
    ]
    if held.stuck:
        facts.append(("irrevocable", printable(" ".join(held.stuck.split()))))
    accessor = held.token_accessor or (shown.asked.token_accessor if shown.asked else "")
    if accessor:
        facts.append(("asked with", printable(accessor)))
    if shown.asked is not None and shown.asked.remote_address:
        facts.append(("asked from", printable(shown.asked.remote_address)))
    return facts


def _kind(held: Holding) -> str:
    if held.is_sts is None:
        return "type unknown"
    return "STS token" if held.is_sts else "IAM user"


def _person(held: Holding, asked: AuditIssuance | None) -> str:
    text = printable(held.person) or "—"
    login = printable(asked.display_name) if asked is not None else ""
    more = [f"login {login}"] if login and login != text else []
    more += [f"entity {printable(held.entity_id)}"] if held.entity_id else []
    return f"{text} ({', '.join(more)})" if more else text


def _lease_end(held: Holding, now: datetime) -> str:
    if held.state is not LeaseState.LIVE:
        return held.state.value
    return until(held.lease_ends, now) if held.lease_ends else "—"


def todo(shown: Shown) -> tuple[str, ...]:
    """What helps, where something is not as it should be."""
    if shown.is_root:
        return ("it is Vault's own key; see vaultaws root show",)
    if shown.held is None:
        return _without_lease(shown)
    is_dead = shown.aws.gone and shown.held.state is LeaseState.LIVE
    if shown.held.stuck or is_dead:
        return (f"vaultaws leases revoke {shown.held.lease_id}",)
    if shown.held.outlives_lease():
        key = short_key(shown.access_key_id)
        which = f"--key {key}" if shown.access_key_id else f"--role {shown.held.role}"
        return (f"vaultaws leases revoke {which} --cut",)
    return ()


def _without_lease(shown: Shown) -> tuple[str, ...]:
    key = shown.aws.key
    if key is None:
        return ("vaultaws trail check tells which tokens Vault never issued",)
    if not key.active:
        return ()
    off = f"aws iam update-access-key --user-name {printable(key.user)} --access-key-id {key.id}"
    return (f"nothing ends it by itself; if nobody answers for it: {off} --status Inactive",)


def as_json(shown: Shown) -> dict[str, Any]:
    """Return the same for machines; times are ISO 8601, null where not known."""
    held, key, use, asked = shown.held, shown.aws.key, shown.aws.last_use, shown.asked
    credential = credential_json(held) if held is not None else None
    if credential is not None:
        del credential["last_used"], credential["access_key_id"], credential["iam_user_gone"]
    return {
        "version": JSON_VERSION,
        "mount": shown.mount,
        "taken_at": iso(shown.at),
        "access_key_id": shown.access_key_id or None,
        "credential": credential,
        "display_name": asked.display_name if asked else None,
        "remote_address": asked.remote_address or None if asked else None,
        "is_root": shown.is_root,
        "iam_user": {"name": key.user, "active": key.active, "created_at": iso(key.created_at)}
        if key
        else None,
        "last_used": {"service": use.service, "at": iso(use.time)} if use else None,
        "do": list(todo(shown)),
        "notes": [*shown.notes, *shown.aws.notes],
    }
