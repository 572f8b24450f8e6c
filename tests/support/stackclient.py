"""Stacks of the local AWS, deployed with boto3 alone as any client would, and waited for."""

from __future__ import annotations

import secrets
import time
from typing import Any

from tests.support.aws_clients import client
from vaultaws.infra.cloudformation import load
from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials

PATIENCE_SECONDS = 60.0
NAMED = ["CAPABILITY_NAMED_IAM"]


def change_set(
    aws: LocalAws,
    stack: str,
    body: str,
    *,
    fresh: bool = True,
    key: Credentials | None = None,
    capabilities: list[str] | None = None,
    **values: str,
) -> str:
    """Make a change set; its name."""
    name = f"c{secrets.token_hex(4)}"
    client(aws, "cloudformation", key).create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType="CREATE" if fresh else "UPDATE",
        TemplateBody=body,
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in values.items()
        ],
        Capabilities=NAMED if capabilities is None else capabilities,
    )
    return name


def carried_out(
    aws: LocalAws, stack: str, body: str, *, fresh: bool = True, **more: Any
) -> dict[str, Any]:
    """Make a change set, execute it, and wait; the stack as it is then."""
    name = change_set(aws, stack, body, fresh=fresh, **more)
    key = more.get("key")
    client(aws, "cloudformation", key).execute_change_set(StackName=stack, ChangeSetName=name)
    return settled(aws, stack)


def settled(aws: LocalAws, stack: str) -> dict[str, Any]:
    """The stack when nothing goes on any more."""
    cloudformation, until = client(aws, "cloudformation"), time.monotonic() + PATIENCE_SECONDS
    while True:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found
        assert time.monotonic() < until, found
        time.sleep(0.02)


def deployed(aws: LocalAws, template: str, **values: str) -> dict[str, str]:
    """Deploy a ready template; its outputs."""
    more: dict[str, Any] = dict(values)
    stack = carried_out(aws, template, load(template).body, **more)
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(aws, template)
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}


def reasons(aws: LocalAws, stack: str) -> list[str]:
    """Why resources of a stack failed, the first failure first."""
    events = client(aws, "cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    failed = (each for each in reversed(events) if each["ResourceStatus"].endswith("_FAILED"))
    return [f"{each['LogicalResourceId']}: {each['ResourceStatusReason']}" for each in failed]
