"""The engine's own key, replaced.

The engine asks who it is, makes a new key, saves it and deletes the old one, and waits for
nothing (path_config_rotate_root.go). So: look first for what would stop it; where its answer is
an error or lost, look whether it took place all the same; delete what it left; and believe the
new key only when AWS honours it through Vault.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Final

from vaultaws.aws.identity import AccessKey
from vaultaws.aws.keys import KeyHands
from vaultaws.aws.wait import WaitReport
from vaultaws.clock import Clock
from vaultaws.errors import AwsError, VaultawsError, VaultError, WaitTimeoutError
from vaultaws.leases.words import short_key
from vaultaws.model import RootConfig
from vaultaws.root import probe
from vaultaws.root.journal import Journal, Kind, Operation, Work
from vaultaws.root.ready import Ready
from vaultaws.root.side import AwsSide
from vaultaws.vault.administration import Administration
from vaultaws.vault.errors import LostAnswerError

DEADLINE_SECONDS: Final = 120.0
LATE_SECONDS: Final = 20.0
"""How long a request whose answer was lost may still be at work on the server."""
_LOOK_EVERY_SECONDS: Final = 0.5

Announce = Callable[[str], None]


@dataclass(frozen=True)
class Rotation:
    """What came of it. `left` are sentences on what is still to be done, `trouble` the error that
    goes with them. `waited` is None when the new key was not proved good."""

    mount: str
    old_key: str
    new_key: str
    user: str = ""
    spare: str = ""
    resumed: bool = False
    waited: WaitReport | None = None
    old_is_gone: bool | None = None
    left: tuple[str, ...] = ()
    trouble: VaultawsError | None = None


@dataclass(frozen=True)
class Rotator:
    """Everything a rotation works with."""

    vault: Administration
    side: AwsSide | None
    journal: Journal
    clock: Clock
    announce: Announce
    deadline_seconds: float | None = DEADLINE_SECONDS
    """None: the new key is not waited for."""
    late_seconds: float = LATE_SECONDS

    def rotate(self, ready: Ready) -> Rotation:
        """Replace the key. Raises VaultError when it was not replaced, and says so."""
        details = {"old_key": ready.key_id, "user": ready.user}
        with self.journal.begin(Kind.ROOT, details) as work:
            spare = self._prepared(ready, work)
            before = self._read(ready.mount)
            self.announce("the engine replaces its key")
            try:
                new_key, fault = self._replaced(ready, work)
            except VaultError as refusal:
                if spare:
                    refusal.add_note(f"the second key {short_key(spare)} has been deleted")
                raise
            rotation = Rotation(
                ready.mount, ready.key_id, new_key, ready.user, spare, old_is_gone=not fault or None
            )
            return self._finish(rotation, ready, work, before)

    def resume(self, ready: Ready, begun: Operation) -> Rotation:
        """Bring a rotation that took place, and whose run stopped, to its end.

        `ready` is of the new key, which Vault has now.
        """
        leftover = begun.detail("probe_role")
        with self.journal.begin(Kind.ROOT, begun.details) as work:
            if leftover:
                self.vault.delete_role(ready.mount, leftover)
            user = begun.detail("user") or ready.user
            rotation = Rotation(
                ready.mount, begun.detail("old_key"), ready.key_id, user, resumed=True
            )
            return self._finish(rotation, ready, work, None)

    def _prepared(self, ready: Ready, work: Work) -> str:
        """Make room for the new key; the id of the second key that went for it."""
        try:
            if self._read(ready.mount).access_key_id != ready.key_id:
                raise _moved(ready)
            return self._without_spare(ready)
        except VaultawsError:
            work.end()
            raise

    def _read(self, mount: str) -> RootConfig:
        return self.vault.read_root(mount) or RootConfig()

    def _without_spare(self, ready: Ready) -> str:
        """Delete the second key: switched off first, and looked at once more."""
        if ready.spare is None or self.side is None:
            return ""
        key, hands = ready.spare, self.side.hands
        self.announce(f"deleting the second key {short_key(key.id)}")
        try:
            if key.active:
                hands.switch_off(ready.user, key.id)
            if self._last_use(ready.user, key) != key.last_used_at:
                raise _still_used(key)
            hands.delete(ready.user, key.id)
        except AwsError as fault:
            if key.active:
                self._switched_on_again(hands, ready.user, key, fault)
            raise
        return key.id

    def _switched_on_again(
        self, hands: KeyHands, user: str, key: AccessKey, fault: AwsError
    ) -> None:
        """A switch-off whose answer was lost may have taken effect too."""
        try:
            hands.switch_on(user, key.id)
        except AwsError as refusal:
            fault.add_note(f"the second key {key.id} may be switched off: {refusal.why}")

    def _last_use(self, user: str, wanted: AccessKey) -> object:
        keys = self.side.directory.access_keys(user) if self.side is not None else ()
        return next((key.last_used_at for key in keys if key.id == wanted.id), None)

    def _replaced(self, ready: Ready, work: Work) -> tuple[str, bool]:
        """The new key's id, and whether the engine failed after it had saved it.

        Whatever the engine answered, the server's own state decides.
        """
        try:
            return self.vault.rotate_root(ready.mount), False
        except VaultError as refusal:
            is_lost = isinstance(refusal, LostAnswerError)
            now = self._settled(ready, self.late_seconds if is_lost else 0.0)
            if not now:
                work.end()
                raise _removed(ready) from None
            if now != ready.key_id:
                return now, True
            made = self._made_and_lost(ready)
            if not is_lost:
                work.end()
            raise _not_replaced(refusal, ready, made) from None

    def _settled(self, ready: Ready, late_seconds: float) -> str:
        """The key id in Vault, once it has changed or cannot change any more."""
        until = self.clock.monotonic() + late_seconds
        while True:
            found = self._read(ready.mount).access_key_id
            if found != ready.key_id or self.clock.monotonic() >= until:
                return found
            self.clock.sleep(_LOOK_EVERY_SECONDS)

    def _made_and_lost(self, ready: Ready) -> str:
        """A key that AWS made and Vault did not keep; empty when none is seen."""
        if self.side is None or not ready.user or ready.known_keys is None:
            return ""
        try:
            keys = self.side.directory.access_keys(ready.user)
        except AwsError:
            return ""
        return next((key.id for key in keys if key.id not in ready.known_keys), "")

    def _finish(
        self, rotation: Rotation, ready: Ready, work: Work, before: RootConfig | None
    ) -> Rotation:
        """Prove the new key, delete the old one, and see that nothing else has changed."""
        try:
            rotation = replace(rotation, waited=self._proved(ready, work))
            rotation = self._kept(rotation, before)
        except WaitTimeoutError as late:
            return _with_trouble(rotation, _not_honoured(late, rotation))
        except VaultError as refusal:
            return _with_trouble(rotation, _not_proved(refusal, rotation))
        if rotation.waited is not None:
            work.note(proved="yes")
        rotation = self._without_old(rotation)
        if rotation.old_is_gone:
            work.end()
        return rotation

    def _kept(self, rotation: Rotation, before: RootConfig | None) -> Rotation:
        """The other fields must have survived."""
        if before is None:
            return rotation
        after = self._read(rotation.mount)
        if replace(after, access_key_id="") == replace(before, access_key_id=""):
            return rotation
        trouble = VaultError(
            f"other fields of {rotation.mount}/config/root changed with the key",
            why="the server, or somebody else, wrote them meanwhile",
            do="compare them with the file: vaultaws plan",
        )
        return _with_trouble(rotation, trouble)

    def _proved(self, ready: Ready, work: Work) -> WaitReport | None:
        if self.deadline_seconds is None:
            return None
        name = probe.new_role_name() if ready.uses_sts else ""
        role = probe.probe_role(name, ready.account, ready.partition) if name else None
        if role is not None:
            work.note(probe_role=name)
        with probe.standing(self.vault, ready.mount, role) if role else nullcontext():
            return probe.wait_until_honoured(
                self.vault,
                ready.mount,
                self.clock,
                sts_role=name or None,
                deadline_seconds=self.deadline_seconds,
                watch=lambda now: self.announce(
                    f"the new key: {now.in_a_row} of {now.needed} good in a row, "
                    f"{now.refusals} refused"
                ),
            )

    def _without_old(self, rotation: Rotation) -> Rotation:
        """The engine deletes the old key; where it could not, the operator may."""
        if rotation.old_is_gone:
            return rotation
        if self.side is None or not rotation.user:
            return _old_is_left(rotation, "the engine did not say so, and AWS cannot be asked")
        try:
            keys = self.side.directory.access_keys(rotation.user)
            if any(key.id == rotation.old_key for key in keys):
                self.announce(f"deleting the old key {short_key(rotation.old_key)}")
                self.side.hands.delete(rotation.user, rotation.old_key)
        except AwsError as fault:
            return _old_is_left(rotation, fault.why)
        return replace(rotation, old_is_gone=True)


def _with_trouble(rotation: Rotation, trouble: VaultawsError) -> Rotation:
    return replace(rotation, left=(*rotation.left, trouble.do), trouble=trouble)


def _moved(ready: Ready) -> VaultError:
    return VaultError(
        f"the key of {ready.mount}/ was replaced by somebody else a moment ago",
        why=f"it is not {short_key(ready.key_id)} any more; nothing was done",
        do="look again: vaultaws root show",
    )


def _removed(ready: Ready) -> VaultError:
    return VaultError(
        f"{ready.mount}/config/root holds no key any more",
        why="somebody took it out meanwhile; nothing more was done",
        do="look again: vaultaws root show",
    )


def _still_used(key: AccessKey) -> AwsError:
    return AwsError(
        f"the second key {short_key(key.id)} was used a moment ago",
        why="somebody has it; it was left as it was, and nothing else was done",
        do="find out who uses it: vaultaws trail check",
    )


def _not_replaced(refusal: VaultError, ready: Ready, made: str) -> VaultError:
    """The error for a rotation that did not take place."""
    what = f"the key of {ready.mount}/ was not replaced; it is {short_key(ready.key_id)} as before"
    do = refusal.do
    if "LimitExceeded" in refusal.why:
        do = "vaultaws root show tells which second key is in the way"
    elif "AccessDenied" in refusal.why:
        do = "allow Vault's user what policies/vault-root.json allows it (RotateOwnKey)"
    elif "InvalidClientTokenId" in refusal.why:
        do = "AWS does not honour the key that Vault has; give it another: vaultaws apply"
    if isinstance(refusal, LostAnswerError):
        do = "look again in a minute: vaultaws root show"
    if made:
        do = f"AWS made a key that Vault did not keep: vaultaws root rotate --delete-spare {made}"
    return VaultError(what, why=refusal.why, do=do)


def _not_honoured(late: WaitTimeoutError, rotation: Rotation) -> WaitTimeoutError:
    return WaitTimeoutError(
        f"Vault has the new key {short_key(rotation.new_key)}, and AWS does not honour it yet",
        why=late.why,
        do="wait a minute, then go on where this run stopped: vaultaws root rotate",
    )


def _not_proved(refusal: VaultError, rotation: Rotation) -> VaultError:
    return VaultError(
        f"Vault has the new key {short_key(rotation.new_key)}, and it could not be proved good",
        why=f"{refusal.what}: {refusal.why}",
        do="mend that, then go on where this run stopped: vaultaws root rotate",
    )


def _old_is_left(rotation: Rotation, why: str) -> Rotation:
    """The new key works; the old one lives on in AWS."""
    user = rotation.user or "VAULT-USER"
    command = f"aws iam delete-access-key --user-name {user} --access-key-id {rotation.old_key}"
    trouble = AwsError(
        f"the new key is in use, but the old one {short_key(rotation.old_key)} may live on in AWS",
        why=why,
        do=command,
    )
    return _with_trouble(replace(rotation, old_is_gone=False), trouble)
