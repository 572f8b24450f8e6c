"""No secret of any IAM or STS operation reaches a record, whichever member it comes in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.support.calls import ACCOUNT, a_call, a_user, answered
from vaultaws.local.aws.trail.elements import HIDDEN
from vaultaws.local.aws.trail.records import build_record

MARK = "a-secret-" + "mark" * 3
MAX_DEPTH = 5
SESSION = botocore.session.get_session()


def filled(shape: Shape | None, name: str = "", depth: int = 0) -> Any:
    """A value of the shape with every member given; secrets are `MARK`."""
    if shape is None or depth > MAX_DEPTH:
        return {}
    if shape.metadata.get("sensitive") or name in HIDDEN:
        return MARK
    if isinstance(shape, StructureShape):
        return {n: filled(member, n, depth + 1) for n, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [filled(shape.member, "", depth + 1)]
    if isinstance(shape, MapShape):
        return {"key": filled(shape.value, "", depth + 1)}
    return {
        "boolean": True,
        "integer": 7,
        "long": 7,
        "timestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "blob": b"bytes",
    }.get(shape.type_name, "text")


@pytest.mark.parametrize("service", ["iam", "sts", "cloudtrail", "ec2"])
def test_every_operation(service: str) -> None:
    model = SESSION.get_service_model(service)
    hidden = 0
    for operation in model.operation_names:
        shapes = model.operation_model(operation)
        request, response = filled(shapes.input_shape), filled(shapes.output_shape)
        hidden += MARK in json.dumps([request, response], default=str)
        record = build_record(
            a_call(service, operation, request),
            a_user(),
            answered(**response),
            event_id="id",
            account_id=ACCOUNT,
        )
        assert MARK not in json.dumps(record), operation
    assert hidden > 0 or service == "cloudtrail"
