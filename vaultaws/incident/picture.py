"""What an observation saw: the suspects, and what a plan needs to know besides. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vaultaws.aws.cutoff import Holder
from vaultaws.incident.model import Place, Step, Suspect
from vaultaws.model import Role


@dataclass(frozen=True)
class StaticSeen:
    """A static role in scope: its IAM user, and the id of the key in use where it is known."""

    name: str
    user: str
    key_id: str = ""


@dataclass(frozen=True)
class Login:
    """A person in Vault: an entity to disable."""

    entity_id: str
    name: str


@dataclass(frozen=True)
class Own:
    """The responder: what must not be cut off, or only at the end."""

    accessor: str = ""
    entity_id: str = ""
    name: str = ""
    user: str = ""
    holder: Holder | None = None


@dataclass(frozen=True)
class Picture:
    """All that an observation saw. `blind` says per plane (vault, aws, trail) why it could not be
    seen; `others` counts the people beside the suspects who hold tokens of a principal."""

    place: Place
    taken_at: datetime
    suspects: tuple[Suspect, ...] = ()
    logins: tuple[Login, ...] = ()
    accessors: tuple[str, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    statics: tuple[StaticSeen, ...] = ()
    others: Mapping[Holder, int] = field(default_factory=dict)
    own: Own = field(default_factory=Own)
    regions: tuple[str, ...] = ()
    """Where Vault asks AWS: there the trail has its tokens."""
    undone: tuple[Step, ...] = ()
    """Steps of the case that were done, and do not stand any more."""
    seeds: tuple[str, ...] = ()
    """Key ids in clear from which the trail is followed."""
    spare_keys: tuple[str, ...] = ()
    """Keys of Vault's own user that a suspect made."""
    acts: tuple[str, ...] = ()
    """What suspects did that opens access, in words: nothing of it is undone by itself."""
    notes: tuple[str, ...] = ()
    blind: Mapping[str, str] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    """What the case is about and no step can reach, since nobody can tell what there is, and why.
    It stays unknown, whatever else is proved."""
