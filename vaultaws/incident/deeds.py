"""What each kind of step does. Every deed may be repeated; what was done before is no error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime
from enum import Enum
from threading import Event, Lock
from typing import Any, Final, Protocol

from vaultaws.aws import moment as moments
from vaultaws.aws.cutoff import Cut, Holder, HolderKind, Stronger
from vaultaws.aws.identity import AccessKey, IamUser
from vaultaws.errors import VaultRefusedError
from vaultaws.incident import denyblock
from vaultaws.incident.model import Evidence, Step, StepKind
from vaultaws.leases.words import iso
from vaultaws.model import CredentialType
from vaultaws.vault.administration import Administration

TRIES: Final = 3
WAIT_FOR_CANARY_SECONDS: Final = 20.0


class Denies(Protocol):
    """Denies on principals (`aws.cutoff.Cutter`)."""

    def cut(self, holder: Holder, moment: datetime, policy_name: str) -> Cut: ...
    def stronger(self, holder: Holder, moment: datetime, policy_name: str) -> Stronger: ...
    def cut_session(self, holder: Holder, userid: str, policy_name: str) -> object: ...


class Stops(Protocol):
    """IAM users, stopped and deleted (`aws.users.Users`)."""

    def stop(self, name: str, policy_name: str) -> object: ...
    def clear(self, name: str, *, keep_policy: str = "") -> object: ...
    def delete(self, name: str) -> object: ...


class Cloud(Protocol):
    """The rest of AWS that deeds ask."""

    def ask_time(self) -> moments.Answered: ...
    def users(self) -> Iterable[IamUser]: ...
    def access_keys(self, user: str) -> tuple[AccessKey, ...]: ...
    def switch_off(self, user: str, access_key_id: str) -> None: ...


Canary = Callable[[Step, Callable[[], None]], Evidence]
"""Issues a canary; the second argument is called once Vault has been asked."""


@dataclass
class Deeds:
    """All effects of one case, over its adapters."""

    case: str
    mark: str
    policy_name: str
    stop_policy_name: str
    vault: Administration
    denies: Denies
    stops: Stops
    cloud: Cloud
    end_lease: Callable[[str, str], Evidence]
    """Ends a lease (its id, its IAM user or nothing) for good."""
    issue_canary: Canary
    replace_static: Callable[[Step], Evidence]
    rotate_root: Callable[[Step], Evidence]
    in_all_places: bool = False
    """Denies go into every place at once, with the calls denied that would take one away."""
    _moment: datetime | None = None
    _asked: dict[str, Event] = field(default_factory=dict)
    _present: frozenset[str] | None = None
    _lock: Lock = field(default_factory=Lock)

    def moment(self) -> datetime:
        self._moment = moments.after(self.cloud.ask_time().at)
        return self._moment

    def asked_for(self, step: Step) -> None:
        self._event(step).wait(WAIT_FOR_CANARY_SECONDS)

    def canary_steps(self, step: Step, evidence: Evidence) -> tuple[Step, ...]:
        user, lease = str(evidence.get("user", "")), str(evidence.get("lease_id", ""))
        why = f"the canary of {step.settings.get('role', '')}"
        steps = []
        if user and step.settings.get("kind") == CredentialType.IAM_USER:
            steps.append(Step(StepKind.STOP_USER, user, {"lease_id": lease}, why))
        if lease:
            steps.append(Step(StepKind.REVOKE_LEASE, lease, {"user": user} if user else {}, why))
        return tuple(steps)

    def before(self, step: Step) -> Evidence:
        """Only what `lift` puts back is read; an IAM user that Vault made goes in the end."""
        if step.kind is StepKind.DISABLE_ENTITY:
            found = self.vault.entity(step.target)
            return {"disabled": found.disabled} if found is not None else {}
        if step.kind is StepKind.STOP_USER and not step.settings.get("lease_id"):
            keys = self.cloud.access_keys(step.target)
            return {"keys": {key.id: key.active for key in keys}}
        return {}

    def do(self, step: Step) -> Evidence:
        return _DEEDS[step.kind](self, step)

    def canary(self, step: Step) -> Evidence:
        asked = self._event(step)
        try:
            return self.issue_canary(step, asked.set)
        finally:
            asked.set()

    def deny_issuance(self, step: Step) -> Evidence:
        """Another responder may write the policy at the same time: it is read again afterwards."""
        paths = sorted(step.settings["paths"])
        for _ in range(TRIES):
            text = self.vault.read_acl_policies([denyblock.POLICY]).get(denyblock.POLICY, "")
            if sorted(denyblock.paths_of(text, self.mark)) == paths:
                return {"policy": denyblock.POLICY, "paths": paths}
            wanted = denyblock.with_block(text, self.mark, paths)
            self.vault.write_acl_policy(denyblock.POLICY, wanted)
        text = self.vault.read_acl_policies([denyblock.POLICY]).get(denyblock.POLICY, "")
        if sorted(denyblock.paths_of(text, self.mark)) == paths:
            return {"policy": denyblock.POLICY, "paths": paths}
        raise VaultRefusedError(
            "the deny in Vault's default policy does not stay",
            why="somebody else writes that policy at the same time",
            do=f"find out who, then: vaultaws incident contain --resume {self.case}",
        )

    def disable_entity(self, step: Step) -> Evidence:
        self.vault.set_entity_disabled(step.target, True)
        return {"disabled": True}

    def revoke_token(self, step: Step) -> Evidence:
        self.vault.revoke_accessor(step.target)
        return {"revoked": True}

    def deny_tokens(self, step: Step) -> Evidence:
        with self._lock:
            moment = self._moment or self.moment()
        put = self.denies.stronger if self.in_all_places else self.denies.cut
        cut = put(_holder(step), moment, self.policy_name)
        return {**plain(cut), "moment": iso(cut.moment), "policy_name": self.policy_name}

    def deny_session(self, step: Step) -> Evidence:
        cut = self.denies.cut_session(_holder(step), step.target, self.policy_name)
        return {**plain(cut), "policy_name": self.policy_name}

    def stop_user(self, step: Step) -> Evidence:
        """All of a user, or only the keys that are named: Vault's own must go on working."""
        keys = step.settings.get("keys") or ()
        for key in keys:
            self.cloud.switch_off(step.target, key)
        if keys:
            return {"keys": list(keys)}
        return {**plain(self.stops.stop(step.target, self.stop_policy_name))}

    def revoke_lease(self, step: Step) -> Evidence:
        return self.end_lease(step.target, str(step.settings.get("user", "")))

    def delete_user(self, step: Step) -> Evidence:
        """What Vault left. The users are listed once: most of them are gone by now."""
        with self._lock:
            if self._present is None:
                self._present = frozenset(user.name for user in self.cloud.users())
        if step.target not in self._present:
            return {"gone": True, "by": "vault"}
        self.stops.clear(step.target)
        self.stops.delete(step.target)
        return {"gone": True, "by": "vaultaws"}

    def static(self, step: Step) -> Evidence:
        return self.replace_static(step)

    def root(self, step: Step) -> Evidence:
        return self.rotate_root(step)

    def _event(self, step: Step) -> Event:
        with self._lock:
            return self._asked.setdefault(step.id, Event())


def plain(value: object) -> dict[str, Any]:
    """A frozen value as plain JSON; nothing for one that is none."""
    if not is_dataclass(value) or isinstance(value, type):
        return {}
    return {name: _plain(inner) for name, inner in asdict(value).items()}


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    return value


def _holder(step: Step) -> Holder:
    return Holder(HolderKind(step.settings["holder_kind"]), step.settings["holder_name"])


_DEEDS: Final[Mapping[StepKind, Callable[[Deeds, Step], Evidence]]] = {
    StepKind.CANARY: Deeds.canary,
    StepKind.DENY_ISSUANCE: Deeds.deny_issuance,
    StepKind.DISABLE_ENTITY: Deeds.disable_entity,
    StepKind.REVOKE_TOKEN: Deeds.revoke_token,
    StepKind.DENY_TOKENS: Deeds.deny_tokens,
    StepKind.DENY_SESSION: Deeds.deny_session,
    StepKind.STOP_USER: Deeds.stop_user,
    StepKind.REPLACE_STATIC: Deeds.static,
    StepKind.REVOKE_LEASE: Deeds.revoke_lease,
    StepKind.DELETE_USER: Deeds.delete_user,
    StepKind.ROTATE_ROOT: Deeds.root,
}
