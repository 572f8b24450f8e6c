"""A picture and the trail: what the look-ups add to what was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from vaultaws.errors import AwsError, VaultError
from vaultaws.incident.descend import Trail, follow, origin
from vaultaws.incident.identity import united
from vaultaws.incident.looking import AWS, TRAIL
from vaultaws.incident.model import Scope
from vaultaws.incident.picture import Picture

FEW: Final = 10
"""So few keys are looked up whole again at the end; of more, only what is new."""


def with_origin(seen: Picture, scope: Scope, trail: Trail | None, owner: str) -> Picture:
    """A key that no lease leads to: whose it is, by IAM (`owner`) or by the trail."""
    if not scope.key or seen.suspects or seen.statics or "…" in scope.key:
        return seen
    if scope.key == seen.place.root_key_id:
        return seen
    try:
        found = origin(trail, scope.key, owner, seen.taken_at) if trail else None
    except AwsError as fault:
        return _blind(seen, TRAIL, fault)
    return replace(seen, suspects=(found,)) if found else seen


def followed(
    seen: Picture, scope: Scope, trail: Trail, now: datetime, *, again_from: datetime | None = None
) -> Picture:
    """The picture with what came of its suspects. `again_from`: a second look, from then on."""
    few = len(seen.suspects) + len(seen.seeds) <= FEW
    try:
        found = follow(
            trail,
            seen.suspects,
            now=now,
            since=scope.since,
            seeds=seen.seeds,
            start=None if few else again_from,
        )
    except (AwsError, VaultError) as fault:
        return _blind(seen, TRAIL, fault)
    root = seen.place.root_user
    spare = [s.access_key_id for s in found.descendants if s.user == root and s.access_key_id]
    born = [s for s in found.descendants if s.user != root or not root]
    notes = list(seen.notes)
    if found.cut_short:
        notes.append("the trail was not followed to the end: there are too many keys")
    return replace(
        seen,
        suspects=united((*found.suspects, *born)),
        spare_keys=tuple(
            sorted({*seen.spare_keys, *(key for key in spare if key != seen.place.root_key_id)})
        ),
        acts=tuple(dict.fromkeys((*seen.acts, *found.acts))),
        notes=tuple(notes),
    )


def _blind(seen: Picture, plane: str, fault: AwsError | VaultError) -> Picture:
    """What the trail would tell is not known; the rest stands."""
    said = {**seen.blind}
    said.setdefault(plane if AWS not in said else AWS, f"{fault.what}: {fault.why}")
    return replace(seen, blind=said)
