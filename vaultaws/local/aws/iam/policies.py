"""Policies: inline and attached ones of users, groups and roles; customer-managed ones.

Source: IAM API reference, the Policy actions; IAM user guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.iam.models import ManagedPolicy, PolicyVersion

from vaultaws.local.aws import ids
from vaultaws.local.aws.call import Call, Caller
from vaultaws.local.aws.hooks import ApiError, Handler, Handlers
from vaultaws.local.aws.iam import documents
from vaultaws.local.aws.iam.state import (
    State,
    boundary_of,
    exists_already,
    no_such,
    over_quota,
    utc,
)
from vaultaws.local.aws.iam.users import checked_tags
from vaultaws.policy.sizes import check_inline_size, check_managed_size

MAX_ATTACHED: Final = 10
MAX_VERSIONS: Final = 5
MAX_POLICIES: Final = 1500


@dataclass(frozen=True)
class Kind:
    """A kind of entity that holds policies. `find` reads it by the name in a call."""

    name: str
    find: Callable[[State, str], Any]


USER: Final = Kind("User", State.user)
GROUP: Final = Kind("Group", State.group)
ROLE: Final = Kind("Role", State.role)


class Policies:
    """Policies of one account. Handlers run under `moto_door.LOCK`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def handlers(self) -> Handlers:
        handlers: dict[tuple[str, str], Handler] = {
            ("iam", "CreatePolicy"): self.create,
            ("iam", "DeletePolicy"): self.delete,
            ("iam", "CreatePolicyVersion"): self.create_version,
            ("iam", "ListPolicies"): self.list,
        }
        for kind in (USER, GROUP, ROLE):
            handlers |= {
                ("iam", f"Put{kind.name}Policy"): self._bound(self._put, kind),
                ("iam", f"Delete{kind.name}Policy"): self._bound(self._delete_inline, kind),
                ("iam", f"Attach{kind.name}Policy"): self._bound(self._attach, kind),
                ("iam", f"Detach{kind.name}Policy"): self._bound(self._detach, kind),
            }
        return handlers

    def _bound(self, act: Callable[[Call, Kind, Any], None], kind: Kind) -> Handler:
        def handler(call: Call, _caller: Caller) -> Mapping[str, Any]:
            act(call, kind, kind.find(self._state, str(call.params[f"{kind.name}Name"])))
            return {}

        return handler

    def _put(self, call: Call, kind: Kind, holder: Any) -> None:
        name, text = str(call.params["PolicyName"]), str(call.params["PolicyDocument"])
        documents.identity_document(text)
        texts = [*{**holder.policies, name: text}.values()]
        documents.within(check_inline_size, kind.name.lower(), holder.name, texts)
        holder.policies[name] = text

    def _delete_inline(self, call: Call, kind: Kind, holder: Any) -> None:
        name = str(call.params["PolicyName"])
        if name not in holder.policies:
            where = kind.name.lower()
            raise no_such(f"The {where} policy with name {name} cannot be found.")
        del holder.policies[name]

    def _attach(self, call: Call, kind: Kind, holder: Any) -> None:
        arn = str(call.params["PolicyArn"])
        documents.load_aws_policy(arn, self._state)
        policy = self._state.backend.managed_policies.get(arn)
        if policy is None:
            raise no_such(f"Policy {arn} does not exist or is not attachable.")
        if arn in holder.managed_policies:
            return
        if len(holder.managed_policies) >= MAX_ATTACHED:
            raise over_quota(f"PoliciesPer{kind.name}", MAX_ATTACHED)
        policy.attach_to(holder)

    def _detach(self, call: Call, _kind: Kind, holder: Any) -> None:
        arn = str(call.params["PolicyArn"])
        policy = holder.managed_policies.get(arn)
        if policy is None:
            raise no_such(f"Policy {arn} was not found.")
        policy.detach_from(holder)

    def create(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        state, text = self._state, str(call.params["PolicyDocument"])
        documents.identity_document(text)
        documents.within(check_managed_size, text)
        tags = checked_tags(call.params.get("Tags", ()))
        policy = ManagedPolicy(
            str(call.params["PolicyName"]),
            account_id=state.account_id,
            region="us-east-1",
            description=call.params.get("Description"),
            document=text,
            path=call.params.get("Path"),
            tags={tag["Key"].lower(): tag for tag in tags},
            create_date=state.naive_now(),
            update_date=state.naive_now(),
        )
        if policy.arn in state.backend.managed_policies:
            raise exists_already(
                f"A policy called {policy.name} already exists. Duplicate names are not allowed."
            )
        own = [arn for arn in state.backend.managed_policies if ":aws:policy/" not in arn]
        if len(own) >= MAX_POLICIES:
            raise over_quota("PoliciesPerAccount", MAX_POLICIES)
        policy.id = state.new_id(ids.POLICY)
        state.backend.managed_policies[policy.arn] = policy
        return {"Policy": self._shown(policy) | ({"Tags": tags} if tags else {})}

    def _shown(self, policy: Any) -> dict[str, Any]:
        return {
            "PolicyName": policy.name,
            "PolicyId": policy.id,
            "Arn": policy.arn,
            "Path": policy.path,
            "DefaultVersionId": policy.default_version_id,
            "AttachmentCount": policy.attachment_count,
            "PermissionsBoundaryUsageCount": len(self._bounded_by(policy.arn)),
            "IsAttachable": True,
            "CreateDate": utc(policy.create_date),
            "UpdateDate": utc(policy.update_date),
        }

    def _bounded_by(self, arn: str) -> list[Any]:
        backend = self._state.backend
        holders = (*backend.users.values(), *backend.roles.values())
        return [holder for holder in holders if boundary_of(holder) == arn]

    def delete(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        policy = self._state.policy(str(call.params["PolicyArn"]))
        self._check_own(policy)
        if policy.attachment_count > 0 or self._bounded_by(policy.arn):
            text = "Cannot delete a policy attached to entities."
            raise ApiError("DeleteConflict", text, 409)
        if len(policy.versions) > 1:
            raise ApiError(
                "DeleteConflict",
                "This policy has more than one version. Before you delete a policy, you must "
                "delete the policy's versions. The default version is deleted with the policy.",
                409,
            )
        del self._state.backend.managed_policies[policy.arn]
        return {}

    def _check_own(self, policy: Any) -> None:
        if ":iam::aws:" in policy.arn:
            text = "Cannot perform a write operation on an AWS managed policy."
            raise ApiError("AccessDenied", f"Policy is outside your own account. {text}", 403)

    def create_version(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        policy, text = self._state.policy(str(call.params["PolicyArn"])), call.params
        self._check_own(policy)
        documents.identity_document(str(text["PolicyDocument"]))
        documents.within(check_managed_size, str(text["PolicyDocument"]))
        if len(policy.versions) >= MAX_VERSIONS:
            raise ApiError(
                "LimitExceeded",
                "A managed policy can have up to 5 versions. Before you create a new version, you "
                "must delete an existing version.",
                409,
            )
        version = PolicyVersion(policy.arn, str(text["PolicyDocument"]), is_default=False)
        version.version_id = f"v{policy.next_version_num}"
        version.create_date = policy.update_date = self._state.naive_now()
        policy.next_version_num += 1
        policy.versions.append(version)
        if text.get("SetAsDefault"):
            policy.update_default_version(version.version_id)
        shown = {
            "VersionId": version.version_id,
            "IsDefaultVersion": version.is_default,
            "CreateDate": utc(version.create_date),
        }
        return {"PolicyVersion": shown}

    def list(self, call: Call, _caller: Caller) -> Mapping[str, Any]:
        """Markers are positions in the list by name, as policies of two owners may share one."""
        scope = call.params.get("Scope", "All")
        if scope != "Local":
            documents.load_all_aws_policies(self._state)
        found = [p for p in self._state.backend.managed_policies.values() if _listed(p, call)]
        found.sort(key=lambda policy: (policy.name, policy.arn))
        start, most = _position(call.params.get("Marker")), int(call.params.get("MaxItems", 100))
        page = [self._shown(policy) for policy in found[start : start + most]]
        if start + most < len(found):
            return {"Policies": page, "IsTruncated": True, "Marker": str(start + most)}
        return {"Policies": page, "IsTruncated": False}


def _listed(policy: Any, call: Call) -> bool:
    scope, prefix = call.params.get("Scope", "All"), str(call.params.get("PathPrefix", "/"))
    by_aws = ":iam::aws:" in policy.arn
    return (
        (scope == "All" or by_aws == (scope == "AWS"))
        and policy.path.startswith(prefix)
        and (not call.params.get("OnlyAttached") or policy.attachment_count > 0)
    )


def _position(marker: Any) -> int:
    if marker is None:
        return 0
    if not str(marker).isdecimal():
        raise ApiError("ValidationError", "Invalid Marker.", 400)
    return int(marker)
