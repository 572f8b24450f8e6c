"""Whom a case is about: what fits its scope, what it is called, whose issuance it stops. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final

from vaultaws.errors import UsageError
from vaultaws.incident.model import Case, Scope
from vaultaws.leases.inventory import Holding
from vaultaws.leases.words import is_key

_UNNAMED: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_PART: Final = 60


def check(scope: Scope) -> None:
    """Raises UsageError for a scope that says nothing."""
    if not (scope.person or scope.role or scope.key or scope.everything or scope.root):
        since = "; --since alone narrows, and does not choose" if scope.since else ""
        raise UsageError(
            "nothing says what the incident is about",
            why=f"no person, role, key or mount was named{since}",
            do="name one (--person ben), or say --everything, with --since 2h if that is known",
        )
    if scope.everything and (scope.person or scope.role or scope.key):
        raise UsageError(
            "everything, and only a part of it, cannot both be meant",
            why="--everything stands beside --person, --role or --key",
            do="leave one of them out",
        )


def case_name(scope: Scope, mount: str, at: datetime) -> str:
    """Return DATE and what the case is about: 2026-11-21-ben. The date is that of UTC."""
    parts = [scope.person, scope.role, short(scope.key)]
    about = "-".join(part for part in parts if part) or (mount if scope.everything else "root")
    plain = _UNNAMED.sub("-", about).strip("-.")[:_LONGEST_PART].rstrip("-.")
    return f"{at:%Y-%m-%d}-{plain or 'incident'}"


def short(key: str) -> str:
    """AKIA-RG6 for a key id, whole or shortened."""
    return f"{key[:4]}-{key[-3:]}" if len(key) > 7 else key


def same(asked: Scope, case: Case) -> bool:
    """True when a command means the case it names. The time in --since may be said anew: it is
    often a span, and the case keeps its own."""
    return replace(asked, since=case.scope.since) == case.scope


def fits(scope: Scope, held: Holding, key_hash: str = "") -> bool:
    """True for a credential that the case is about. One of unknown time counts: better one too many
    than one alive. One of nobody known is not a person's (`observe` says how many there are)."""
    return (
        scope.role in {"", held.role}
        and (not scope.person or is_person(scope.person, held.person, held.entity_id))
        and (not scope.key or _is_key(held, scope.key, key_hash))
        and _is_since(scope.since, held.issued_at)
        and bool(scope.everything or scope.person or scope.role or scope.key)
    )


def is_person(wanted: str, name: str, entity_id: str) -> bool:
    """True for the person's name, or for the id of the entity."""
    return wanted in {name, entity_id} and bool(wanted)


def stops_mount(scope: Scope) -> bool:
    """True when nobody may issue from the mount any more."""
    return scope.everything


def stops_role(scope: Scope) -> bool:
    """True when nobody may issue from the role any more; a person is stopped as a person."""
    return bool(scope.role) and not scope.person and not scope.key


def _is_key(held: Holding, key: str, key_hash: str) -> bool:
    return is_key(held.access_key_id, key) or (bool(key_hash) and held.key_hash == key_hash)


def _is_since(since: datetime | None, issued_at: datetime | None) -> bool:
    return since is None or issued_at is None or issued_at >= since
