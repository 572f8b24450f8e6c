"""IAM users as a responder meets them: found with their keys, stopped, cleared, deleted.

Every call may be made again, by this process or another: what is done already is done. A user
that is gone is no error. What DeleteUser wants gone first is in the IAM API reference,
"DeleteUser"; Vault's engine clears its own part of it only (keys, policies, groups).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from vaultaws.aws.identity import AccessKey
from vaultaws.aws.obstacles import ENGINE_CLEARS, Obstacle, Obstacles
from vaultaws.aws.pace import Pace
from vaultaws.aws.paced import Paced
from vaultaws.aws.sessions import client
from vaultaws.errors import AwsError
from vaultaws.model import Credentials, Pairs

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

WORKERS: Final = 8
_AHEAD: Final = 4 * WORKERS
DENY_ALL: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "VaultawsStop", "Effect": "Deny", "Action": "*", "Resource": "*"},
        ],
    },
    separators=(",", ":"),
)
_DENY_ALL_NAME: Final = "AWSDenyAll"


@dataclass(frozen=True)
class UserSeen:
    """An IAM user with its tags and its keys."""

    name: str
    path: str
    user_id: str
    arn: str
    created_at: datetime
    tags: Pairs = ()
    keys: tuple[AccessKey, ...] = ()


@dataclass(frozen=True)
class Stopped:
    """What `stop` left. `denied_by` is the inline policy's name or the managed policy's ARN;
    `switched_off` are the keys that were active until now, which undoing it switches on."""

    user: str
    gone: bool = False
    denied_by: str = ""
    switched_off: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cleared:
    """What `clear` removed, in plain words; `gone` when there was no such user."""

    user: str
    gone: bool = False
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftBehind:
    """A user that holds nothing of what Vault's engine clears, and what blocks its deletion."""

    name: str
    blocks: tuple[str, ...]


class Users:
    """One account's users, through one operator's credentials. Threads may share it.

    Methods raise AwsError, once `pace` has given up.
    """

    def __init__(
        self,
        credentials: Credentials | None = None,
        region: str | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._credentials, self._region = credentials, region
        self._paced = Paced(pace or Pace())

    @cached_property
    def _iam(self) -> IAMClient:
        """Opened by the first call; of two that threads open at once either will do."""
        built: IAMClient = client(
            "iam", credentials=self._credentials, region=self._region, attempts=1
        )
        return built

    @cached_property
    def _obstacles(self) -> Obstacles:
        return Obstacles(self._iam, self._paced)

    def exists(self, name: str) -> bool:
        """True when IAM has a user of that name now."""
        doing = f"look up the user {name}"
        return self._paced.found(doing, lambda: self._iam.get_user(UserName=name)) is not None

    def seen(
        self, path: str = "/", prefix: str = "", *, last_use: bool = False
    ) -> Generator[UserSeen, None, None]:
        """Users below `path` whose names start with `prefix`, with keys and tags, in IAM's order.

        A few users are asked for side by side, and only a few ahead of whoever takes them. One
        that goes meanwhile is left out. `last_use` costs one more call a key.
        """
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="users") as pool:
            waiting: deque[Future[UserSeen | None]] = deque()
            try:
                with closing(self._listed(path, prefix)) as listed:
                    for entry in listed:
                        waiting.append(pool.submit(self._with_keys, entry, last_use=last_use))
                        if len(waiting) >= _AHEAD and (user := waiting.popleft().result()):
                            yield user
                while waiting:
                    if user := waiting.popleft().result():
                        yield user
            finally:
                for future in waiting:
                    future.cancel()

    def stop(self, name: str, policy_name: str) -> Stopped:
        """Deny the user everything, and switch off every key of it.

        The deny reaches sessions made with its keys, which outlive them. An inline policy carries
        it; where the inline policies leave no room, AWS's own AWSDenyAll is attached. The keys
        are switched off even where the deny fails, which then is raised.
        """
        failure: AwsError | None = None
        denied_by = ""
        try:
            denied_by = self._deny(name, policy_name)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return Stopped(name, gone=True)
            failure = fault
        switched_off = [key.id for key in self._keys(name) or () if self._switch_off(key)]
        if failure is not None:
            raise failure
        return Stopped(name, denied_by=denied_by, switched_off=tuple(switched_off))

    def restore(self, stopped: Stopped) -> bool:
        """Undo `stop`: the deny goes, its keys are active again. False when the user is gone."""
        name, denied_by = stopped.user, stopped.denied_by
        for key_id in stopped.switched_off:
            self._set_status(AccessKey(key_id, name, False, datetime.now(UTC)), "Active")
        doing = f"lift the deny on {name}"
        if denied_by.startswith("arn:"):
            self._paced.found(
                doing,
                lambda: self._iam.detach_user_policy(UserName=name, PolicyArn=denied_by),
            )
        elif denied_by:
            self._paced.found(
                doing,
                lambda: self._iam.delete_user_policy(UserName=name, PolicyName=denied_by),
            )
        return self.exists(name)

    def clear(self, name: str, *, keep_policy: str = "") -> Cleared:
        """Remove all that blocks the user's deletion, and its boundary at the very end.

        What lets somebody in goes first, what denies goes last. `keep_policy` is an inline policy
        that stays (the deny, while another is yet to delete the user).
        """
        try:
            found = self._obstacles.of(name, keep_policy=keep_policy, boundary=True)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return Cleared(name, gone=True)
            raise
        for obstacle in found:
            self._obstacles.remove(name, obstacle)
        return Cleared(name, removed=tuple(str(obstacle) for obstacle in found))

    def delete(self, name: str) -> None:
        """Delete the user; gone is done. With code DeleteConflict something still blocks it."""
        doing = f"delete the user {name}"
        self._paced.found(doing, lambda: self._iam.delete_user(UserName=name))

    def left_behind(self, since: datetime, until: datetime) -> tuple[LeftBehind, ...]:
        """Users made between the two that hold no key, policy or group, but something else:
        what a deletion leaves that Vault began and AWS refused. Those made first come first."""
        made = [
            (entry["CreateDate"], entry["UserName"])
            for entry in self._listed("/", "")
            if since <= entry["CreateDate"] <= until
        ]
        found = []
        for _, name in sorted(made):
            held = () if self._keys(name) else self._held(name)
            if held and not any(one.kind in ENGINE_CLEARS for one in held):
                found.append(LeftBehind(name, tuple(map(str, held))))
        return tuple(found)

    def blocks(self, name: str) -> tuple[str, ...]:
        """What blocks the user's deletion, in plain words; empty when nothing does, or it is
        gone."""
        return tuple(map(str, self._held(name)))

    def _held(self, name: str) -> tuple[Obstacle, ...]:
        try:
            return self._obstacles.of(name)
        except AwsError as fault:
            if fault.code == "NoSuchEntity":
                return ()
            raise

    def _deny(self, name: str, policy_name: str) -> str:
        doing = f"deny {name} everything"
        try:
            self._paced.run(
                doing,
                lambda: self._iam.put_user_policy(
                    UserName=name, PolicyName=policy_name, PolicyDocument=DENY_ALL
                ),
            )
        except AwsError as fault:
            if fault.code != "LimitExceeded":
                raise
        else:
            return policy_name
        arn = self._deny_all_arn(name)
        self._paced.run(doing, lambda: self._iam.attach_user_policy(UserName=name, PolicyArn=arn))
        return arn

    def _deny_all_arn(self, name: str) -> str:
        """AWS's own policy, in the partition (aws, aws-cn, aws-us-gov) of the user."""
        doing = f"look up the user {name}"
        answer = self._paced.run(doing, lambda: self._iam.get_user(UserName=name))
        partition = answer["User"]["Arn"].split(":")[1]
        return f"arn:{partition}:iam::aws:policy/{_DENY_ALL_NAME}"

    def _switch_off(self, key: AccessKey) -> bool:
        return key.active and self._set_status(key, "Inactive")

    def _set_status(self, key: AccessKey, status: Any) -> bool:
        """False when the key is gone."""
        answer = self._paced.found(
            f"set a key of {key.user} to {status}",
            lambda: self._iam.update_access_key(
                UserName=key.user, AccessKeyId=key.id, Status=status
            ),
        )
        return answer is not None

    def _listed(self, path: str, prefix: str) -> Generator[Any, None, None]:
        said: dict[str, Any] = {"PathPrefix": path, "MaxItems": 1000}
        while True:
            page = self._paced.run("list the users", partial(self._iam.list_users, **said))
            yield from (user for user in page["Users"] if user["UserName"].startswith(prefix))
            if not page.get("IsTruncated"):
                return
            said["Marker"] = page["Marker"]

    def _with_keys(self, entry: Any, *, last_use: bool) -> UserSeen | None:
        name = entry["UserName"]
        keys = self._keys(name)
        tags = self._paced.found(
            f"list the tags of {name}", lambda: self._iam.list_user_tags(UserName=name)
        )
        if keys is None or tags is None:
            return None
        if last_use:
            keys = tuple(map(self._with_use, keys))
        return UserSeen(
            name=name,
            path=entry["Path"],
            user_id=entry["UserId"],
            arn=entry["Arn"],
            created_at=entry["CreateDate"].astimezone(UTC),
            tags=tuple(sorted((tag["Key"], tag["Value"]) for tag in tags["Tags"])),
            keys=keys,
        )

    def _keys(self, name: str) -> tuple[AccessKey, ...] | None:
        """The user's keys, two at most, so one page; None when the user is gone."""
        answer = self._paced.found(
            f"list the keys of {name}", lambda: self._iam.list_access_keys(UserName=name)
        )
        if answer is None:
            return None
        return tuple(
            AccessKey(
                id=entry["AccessKeyId"],
                user=name,
                active=entry["Status"] == "Active",
                created_at=entry["CreateDate"].astimezone(UTC),
            )
            for entry in answer["AccessKeyMetadata"]
        )

    def _with_use(self, key: AccessKey) -> AccessKey:
        answer = self._paced.found(
            "look up the key's last use",
            lambda: self._iam.get_access_key_last_used(AccessKeyId=key.id),
        )
        used: Any = answer.get("AccessKeyLastUsed", {}) if answer is not None else {}
        moment = used.get("LastUsedDate")
        if moment is None:
            return key
        return replace(
            key,
            last_used_at=moment.astimezone(UTC),
            last_used_service=used.get("ServiceName", ""),
            last_used_region=used.get("Region", ""),
        )
