"""The key of a static role, replaced now.

No engine has a call for it: changing the period moves only a time in memory. What rotates at once
is to delete the role and to write it again. The engine then deletes the key in AWS, and makes a
new one; the times are new too, which is the cure of the period trap. In between the role does not
exist: it is written down before, and whoever comes next writes it again.

Deleting has two traps of its own. An engine that has not spoken to IAM since it was started, or
since its root was rotated, crashes (1.18, rotation.go: its client is nil), so it is made to speak
first, by a write that it must refuse. And when AWS refuses the deletion of the key, the engine
has forgotten it already: the next deletion of the role succeeds, and the key lives on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from vaultaws.aws.streak import Verdict
from vaultaws.clock import Clock
from vaultaws.errors import (
    AwsError,
    VaultawsError,
    VaultDeniedError,
    VaultError,
    VaultNotFoundError,
)
from vaultaws.leases.words import short_key
from vaultaws.model import StaticRole
from vaultaws.root import probe
from vaultaws.root.journal import Journal, Kind, Operation, Work
from vaultaws.root.side import AwsSide
from vaultaws.vault.administration import Administration

DEADLINE_SECONDS: Final = 60.0
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)

Announce = Callable[[str], None]


@dataclass(frozen=True)
class StaticRotation:
    """What came of it. `old_is_gone` is None where AWS could not be asked."""

    mount: str
    role: StaticRole
    old_key: str
    new_key: str
    rotates_at: datetime | None
    resumed: bool = False
    old_is_gone: bool | None = None
    trouble: VaultawsError | None = None


def details_of(role: StaticRole, old_key: str) -> dict[str, str]:
    """A role as the journal keeps it."""
    return {
        "username": role.username,
        "rotation_period_seconds": str(role.rotation_period_seconds),
        "assume_role_arn": role.assume_role_arn,
        "assume_role_session_name": role.assume_role_session_name,
        "external_id": role.external_id,
        "old_key": old_key,
    }


def role_of(begun: Operation) -> StaticRole:
    """The role as it was before."""
    period = begun.detail("rotation_period_seconds")
    return StaticRole(
        begun.name,
        begun.detail("username"),
        int(period) if period.isdecimal() else 0,
        begun.detail("assume_role_arn"),
        begun.detail("assume_role_session_name"),
        begun.detail("external_id"),
    )


def is_down(vault: Administration, mount: str, begun: Operation) -> bool:
    """True when a rotation that was begun has left the role without a key, or without itself."""
    if not vault.read_static_roles(mount, [begun.name]):
        return True
    try:
        vault.static_key(mount, begun.name)
    except VaultNotFoundError:
        return True
    except VaultDeniedError:  # an incident denies it to all: the role is there, so its key may be
        return False
    return False


def newest_key(side: AwsSide, user: str, *, but: str = "") -> str:
    """The id of a user's newest active key, as IAM has it: for a token that may not read the
    key in Vault (an incident denies that to all). Empty without one. Raises AwsError."""
    keys = [key for key in side.directory.access_keys(user) if key.active and key.id != but]
    return max(keys, key=lambda key: key.created_at).id if keys else ""


@dataclass(frozen=True)
class StaticRotator:
    """Everything such a rotation works with."""

    vault: Administration
    side: AwsSide | None
    journal: Journal
    clock: Clock
    announce: Announce
    deadline_seconds: float = DEADLINE_SECONDS

    def rotate(self, mount: str, role: StaticRole, old_key: str) -> StaticRotation:
        """Replace the key. Raises VaultError when it was not replaced, and says where it stands."""
        with self.journal.begin(Kind.STATIC, details_of(role, old_key), role.name) as work:
            try:
                self._wake(mount, role)
                self.announce(f"taking {role.name} down")
                self._taken_down(mount, role)
            except VaultError:
                if self._stands(mount, role.name):
                    work.end()
                raise
            return self._put_back(mount, role, old_key, work)

    def resume(self, mount: str, begun: Operation) -> StaticRotation:
        """Put a role back that a killed run took down."""
        role = role_of(begun)
        with self.journal.begin(Kind.STATIC, begun.details, begun.name) as work:
            done = self._put_back(mount, role, begun.detail("old_key"), work)
            return replace(done, resumed=True)

    def _wake(self, mount: str, role: StaticRole) -> None:
        """Make the engine look the user up, and refuse. Raises VaultError when it may not."""
        if role.assume_role_arn:
            return
        refusal = self._looked_up(mount, role)
        if refusal is not None:
            passing = probe.classify(probe.read(refusal)) is Verdict.NOISE
            raise VaultError(
                f"the engine cannot look up {role.username}, the user of {role.name}",
                why=refusal.why,
                do="try again" if passing else "see what its key may do: vaultaws root show",
            )

    def _looked_up(self, mount: str, role: StaticRole) -> VaultError | None:
        """The engine's refusal to look the user up; what only passes is tried again."""
        refusal = None
        for pause in (0.0, *_PAUSES[:2]):
            self.clock.sleep(pause)
            refusal = probe.look_up(self.vault, mount, role.name, role.username)
            if refusal is None or probe.classify(probe.read(refusal)) is not Verdict.NOISE:
                break
        return refusal

    def _taken_down(self, mount: str, role: StaticRole) -> None:
        """Delete the role, its key included; twice where the engine stumbled the first time."""
        for attempt in (1, 2):
            try:
                self.vault.delete_static_role(mount, role.name)
            except VaultError:
                if self._stands(mount, role.name) or attempt == 2:
                    raise
            else:
                return

    def _stands(self, mount: str, name: str) -> bool:
        """True when role and key are both there: then nothing was done."""
        if not self.vault.read_static_roles(mount, [name]):
            return False
        try:
            return bool(self._key(mount, name)[0])
        except VaultDeniedError:
            return True

    def _key(self, mount: str, name: str) -> tuple[str, datetime | None]:
        try:
            return self.vault.static_key(mount, name)
        except VaultNotFoundError:
            return "", None

    def _put_back(self, mount: str, role: StaticRole, old_key: str, work: Work) -> StaticRotation:
        self.announce(f"putting {role.name} back")
        new_key, rotates_at = self._written(mount, role, old_key)
        done = StaticRotation(mount, role, old_key, new_key, rotates_at)
        done = self._without_old(done)
        work.end()
        return done

    def _written(self, mount: str, role: StaticRole, old_key: str) -> tuple[str, datetime | None]:
        """Write the role until it has a key; nobody manages the user while it has none."""
        until = self.clock.monotonic() + self.deadline_seconds
        attempt = 0
        while True:
            try:
                self.vault.write_static_role(mount, role)
            except VaultError as refusal:
                fault: VaultError | None = refusal
            else:
                fault = None
            found = self._found(mount, role, old_key)
            if found[0] and found[0] != old_key:
                return found
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            if _is_final(fault) or self.clock.monotonic() + pause > until:
                raise _without_key(mount, role, fault)
            self.clock.sleep(pause)
            attempt += 1

    def _found(self, mount: str, role: StaticRole, old_key: str) -> tuple[str, datetime | None]:
        """The key there is; none while the server does not answer."""
        try:
            return self._key(mount, role.name)
        except VaultDeniedError:
            if self.side is None or role.assume_role_arn:
                raise
            return newest_key(self.side, role.username, but=old_key), None
        except VaultError:
            return "", None

    def _without_old(self, done: StaticRotation) -> StaticRotation:
        """The engine deletes the old key; where AWS refused it that, the operator may."""
        if self.side is None or done.role.assume_role_arn or not done.old_key:
            return done
        user = done.role.username
        try:
            keys = self.side.directory.access_keys(user)
            if any(key.id == done.old_key for key in keys):
                self.announce(f"deleting the old key {short_key(done.old_key)}")
                self.side.hands.delete(user, done.old_key)
        except AwsError as fault:
            return replace(done, old_is_gone=False, trouble=_old_is_left(done, fault))
        return replace(done, old_is_gone=True)


def _is_final(fault: VaultError | None) -> bool:
    """True when trying again cannot help: Vault, or AWS's policies, said no."""
    if fault is None:
        return False
    return isinstance(fault, VaultDeniedError) or probe.read(fault) is None


def _without_key(mount: str, role: StaticRole, fault: VaultError | None) -> VaultError:
    return VaultError(
        f"the static role {role.name} of {mount}/ has no key now",
        why=fault.why if fault is not None else "the engine wrote the role and shows no key for it",
        do=f"mend that, then go on where this run stopped: vaultaws static rotate {role.name}",
    )


def _old_is_left(done: StaticRotation, fault: AwsError) -> AwsError:
    return AwsError(
        f"the new key is in use, but the old one {short_key(done.old_key)} may live on in AWS",
        why=fault.why,
        do=f"aws iam delete-access-key --user-name {done.role.username} "
        f"--access-key-id {done.old_key}",
        code=fault.code,
    )
