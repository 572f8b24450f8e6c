"""What authorisation must know of the account's state, and the value a mapping gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vaultaws.local.aws.call import Call, Caller
from vaultaws.policy.values import Context

NO_CONTEXT: Context = {}


class Facts(Protocol):
    """Look-ups in the account's state. Cheap, free of side effects, and never raising: what does
    not exist has no tags, no boundary, no owner, and the path "/"."""

    def path(self, account_id: str, kind: str, name: str) -> str:
        """The IAM path of a `user`, `role`, `group`, `policy` or `instance-profile`: "/" or
        "/division/", with both slashes."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of the user, role or other resource with this ARN."""
        ...

    def permissions_boundary(self, arn: str) -> str:
        """The ARN of the boundary set on this user or role, or an empty text."""
        ...

    def access_key_user(self, account_id: str, access_key_id: str) -> str:
        """The name of the user who owns an access key, or an empty text."""
        ...

    def instance_profile_role(self, account_id: str, name: str) -> str:
        """The ARN of the role in an instance profile, or an empty text."""
        ...


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one resource. `context` adds keys (in lower case) to the call's own."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """A call with everything a mapping may look at."""

    call: Call
    caller: Caller
    facts: Facts

    @property
    def account(self) -> str:
        return self.caller.account_id

    def text(self, name: str) -> str:
        """A parameter's text; empty when it is missing or no text."""
        value = self.call.params.get(name)
        return value if isinstance(value, str) else ""

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """An ARN of the caller's account, in the call's region unless said otherwise."""
        where = self.call.region if region is None else region
        return f"arn:aws:{service}:{where}:{self.account}:{resource}"

    def iam_arn(self, kind: str, name: str, *, path: str | None = None) -> str:
        """The ARN of an IAM entity by name, with its path; "*" (which only "*" matches) without
        a name."""
        if not name:
            return "*"
        where = self.facts.path(self.account, kind, name) if path is None else path or "/"
        return f"arn:aws:iam::{self.account}:{kind}{where}{name}"


Mapper = Callable[[Ask], tuple[Need, ...]]
