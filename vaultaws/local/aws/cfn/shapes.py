"""Stacks, change sets and events as the API words them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultaws.local.aws.cfn.stacks import Change, ChangeSet, Event, Made, Stack
from vaultaws.local.aws.cfn.template import Template


def described_stack(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created_at,
        "StackStatus": stack.status,
        "DisableRollback": False,
        "Capabilities": list(stack.capabilities),
        "Parameters": _parameters(stack.values),
        "Outputs": [
            {"OutputKey": name, "OutputValue": value}
            | ({"Description": description} if description else {})
            for name, value, description in stack.outputs
        ],
        "Tags": [],
    }
    if stack.template is not None and stack.template.description:
        found["Description"] = stack.template.description
    if stack.reason:
        found["StackStatusReason"] = stack.reason
    if stack.updated_at is not None:
        found["LastUpdatedTime"] = stack.updated_at
    return found


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def described_change_set(stack: Stack, found: ChangeSet) -> dict[str, Any]:
    described = {
        "ChangeSetName": found.name,
        "ChangeSetId": found.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": found.description,
        "Parameters": _parameters(found.values),
        "CreationTime": found.created_at,
        "ExecutionStatus": found.execution,
        "Status": found.status,
        "Capabilities": list(found.capabilities),
        "Changes": [_change(each) for each in found.changes],
    }
    return described | ({"StatusReason": found.reason} if found.reason else {})


def _change(change: Change) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.kind,
        "Scope": ["Properties"] if change.touched else [],
        "Details": [
            {
                "Target": {
                    "Attribute": "Properties",
                    "Name": name,
                    "RequiresRecreation": need,
                },
                "Evaluation": "Dynamic" if need == "Conditionally" else "Static",
                "ChangeSource": "DirectModification",
            }
            for name, need in change.touched
        ],
    }
    if change.physical_id:
        resource["PhysicalResourceId"] = change.physical_id
    if change.action == "Modify":
        resource["Replacement"] = change.replacement
    if change.action == "Remove":
        resource["PolicyAction"] = "Retain" if change.retained else "Delete"
    return {"Type": "Resource", "ResourceChange": resource}


def described_event(stack: Stack, event: Event) -> dict[str, Any]:
    found = {
        "StackId": stack.id,
        "EventId": event.id,
        "StackName": stack.name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.kind,
        "Timestamp": event.at,
        "ResourceStatus": event.status,
    }
    return found | ({"ResourceStatusReason": event.reason} if event.reason else {})


def listed_resource(stack: Stack, name: str, made: Made) -> dict[str, Any]:
    last = next(each for each in reversed(stack.events) if each.logical_id == name)
    return {
        "LogicalResourceId": name,
        "PhysicalResourceId": made.physical_id,
        "ResourceType": made.kind.name,
        "LastUpdatedTimestamp": last.at,
        "ResourceStatus": last.status,
    }


def template_summary(template: Template) -> dict[str, Any]:
    makes_iam = any(kind.startswith("AWS::IAM::") for kind in template.kinds)
    return {
        "Parameters": [
            {
                "ParameterKey": name,
                "ParameterType": str(said.get("Type", "String")),
                "Description": str(said.get("Description", "")),
            }
            | ({"DefaultValue": str(said["Default"])} if "Default" in said else {})
            for name, said in template.parameters.items()
        ],
        "Description": template.description,
        "Capabilities": ["CAPABILITY_NAMED_IAM"] if makes_iam else [],
        "ResourceTypes": sorted(template.kinds),
    }
