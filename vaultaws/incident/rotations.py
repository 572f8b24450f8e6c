"""The keys that are replaced in an incident: static roles' and the root's, through Vault.

Both are journalled by their own modules, and go on where a run was stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultDeniedError, VaultNotFoundError
from vaultaws.incident.model import Evidence, Step
from vaultaws.model import StaticRole
from vaultaws.root.allowed import readable_roles
from vaultaws.root.facts import observe
from vaultaws.root.journal import Journal, Kind
from vaultaws.root.ready import ready, to_resume
from vaultaws.root.rotate import Rotation, Rotator
from vaultaws.root.side import AwsSide
from vaultaws.root.static_rotate import StaticRotation, StaticRotator, is_down, newest_key
from vaultaws.vault.administration import Administration

DEADLINE_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Rotations:
    """Replaces keys at one mount, with the operator's own AWS credentials."""

    vault: Administration
    side: AwsSide | AwsError
    journal: Journal
    clock: Clock
    mount: str

    def replace_static(self, step: Step) -> Evidence:
        """Replace the key of a static role. Raises VaultError and AwsError."""
        name = step.target
        rotator = StaticRotator(
            self.vault, self._side_or_none(), self.journal, self.clock, _say_nothing
        )
        begun = self.journal.unfinished(Kind.STATIC, name)
        if begun is not None and is_down(self.vault, self.mount, begun.operation):
            done = rotator.resume(self.mount, begun.operation)
        else:
            role = self._static(name)
            done = rotator.rotate(self.mount, role, self._static_key(role))
        return _of_static(done)

    def rotate_root(self, step: Step) -> Evidence:
        """Replace the root key; keys of Vault's user that a suspect made go first. What stops a
        rotation is found before anything is done, and the engine keeps a key that works."""
        side = self._side()
        begun = self.journal.unfinished(Kind.ROOT)
        facts = observe(self.vault, self.mount, side, self.clock, judged=False)
        resuming = begun is not None and to_resume(begun.operation, facts)
        if not resuming:
            for key in step.settings.get("spare_keys") or ():
                side.hands.delete(facts.owner, key)
            facts = observe(self.vault, self.mount, side, self.clock, judged=False)
        roles = readable_roles(self.vault, self.mount)
        rotator = Rotator(
            self.vault, side, self.journal, self.clock, _say_nothing, DEADLINE_SECONDS
        )
        prepared = ready(facts, roles, resuming=resuming)
        if begun is not None and resuming:
            return _of_root(rotator.resume(prepared, begun.operation))
        return _of_root(rotator.rotate(prepared))

    def _static(self, name: str) -> StaticRole:
        found = self.vault.read_static_roles(self.mount, [name])
        if not found:
            raise VaultNotFoundError(
                f'no static role "{name}" on {self.mount}/',
                why="it was deleted since the case was opened, and its key with it",
                do="see whether its user has keys left: vaultaws static list",
            )
        return found[0]

    def _static_key(self, role: StaticRole) -> str:
        """Issuance may be denied to this token too by now; then IAM knows the key."""
        try:
            return self.vault.static_key(self.mount, role.name)[0]
        except VaultNotFoundError:
            return ""
        except VaultDeniedError:
            if role.assume_role_arn:
                raise
            return newest_key(self._side(), role.username)

    def _side(self) -> AwsSide:
        if isinstance(self.side, AwsError):
            raise self.side
        return self.side

    def _side_or_none(self) -> AwsSide | None:
        return None if isinstance(self.side, AwsError) else self.side


def _of_static(done: StaticRotation) -> Evidence:
    if done.trouble is not None:
        raise done.trouble
    return {"user": done.role.username, "old_key": done.old_key, "new_key": done.new_key}


def _of_root(done: Rotation) -> Evidence:
    if done.trouble is not None:
        raise done.trouble
    return {"user": done.user, "old_key": done.old_key, "new_key": done.new_key}


def _say_nothing(_: str) -> None:
    """The progress of the whole is shown elsewhere."""
