"""Principal and NotPrincipal: whom a policy on a resource speaks to.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "Policy evaluation logic"
(how a resource policy's grant depends on whom it names).
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from vaultaws.policy.document import Principals
from vaultaws.policy.values import Actor, ActorKind

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_USER_KINDS: Final = frozenset({ActorKind.ROOT, ActorKind.USER, ActorKind.SESSION_TOKEN})


class Naming(IntEnum):
    """How closely a principal element names the actor.

    ACCOUNT hands the decision on to the account's identity policies. OWNER names the user or role
    behind a session; PRINCIPAL the very caller, and so does "*".
    """

    NONE = 0
    ACCOUNT = 1
    OWNER = 2
    PRINCIPAL = 3


def naming(principals: Principals, actor: Actor) -> Naming:
    """The closest way in which the element names the actor."""
    if principals.anyone:
        return Naming.PRINCIPAL
    return max((_naming(entry, actor) for entry in principals.aws), default=Naming.NONE)


def _naming(entry: str, actor: Actor) -> Naming:
    if entry in {"*", actor.arn}:
        return Naming.PRINCIPAL
    if entry == actor.owner_arn or _is_unique_id(entry, actor):
        return Naming.PRINCIPAL if actor.kind in _USER_KINDS else Naming.OWNER
    if entry == actor.root_arn or (_ACCOUNT.fullmatch(entry) and entry == actor.account_id):
        return Naming.ACCOUNT
    return Naming.NONE


def _is_unique_id(entry: str, actor: Actor) -> bool:
    """AWS shows a principal that was deleted by its AIDA… or AROA… id."""
    return entry.startswith("A") and entry == actor.principal_id.partition(":")[0]
