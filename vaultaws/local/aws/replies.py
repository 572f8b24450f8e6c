"""Errors in the wire format of each family of services."""

from __future__ import annotations

import json
from typing import Final
from xml.sax.saxutils import escape

from vaultaws.local.aws.hooks import ApiError
from vaultaws.local.aws.moto_door import Reply
from vaultaws.local.aws.refusals import Family

_NAMESPACES: Final = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}


def error_reply(error: ApiError, family: Family, service: str, request_id: str) -> Reply:
    """The answer that a client's parser reads as `error`."""
    if family in {Family.JSON, Family.REST_JSON}:
        return _json(error, request_id)
    write = {Family.EC2: _ec2, Family.S3: _s3}.get(family, _query)
    body = '<?xml version="1.0" encoding="UTF-8"?>\n' + write(error, service, request_id)
    media = "application/xml" if family is Family.S3 else "text/xml"
    headers = {"Content-Type": media, "x-amzn-RequestId": request_id}
    return Reply(error.status, headers, body.encode())


def _json(error: ApiError, request_id: str) -> Reply:
    body = {"__type": error.code, "message": error.message, **error.extra}
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "x-amzn-ErrorType": error.code,
        "x-amzn-RequestId": request_id,
    }
    return Reply(error.status, headers, json.dumps(body, default=str).encode())


def _members(error: ApiError) -> str:
    fields = {"Code": error.code, "Message": error.message, **error.extra}
    return "".join(f"<{name}>{_text(str(value))}</{name}>" for name, value in fields.items())


def _text(value: str) -> str:
    """Escaped, and without the characters XML 1.0 cannot carry."""
    kept = (c for c in value if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd")
    return escape("".join(kept))


def _query(error: ApiError, service: str, request_id: str) -> str:
    side = "Receiver" if error.status >= 500 else "Sender"
    namespace = f' xmlns="{_NAMESPACES[service]}"' if service in _NAMESPACES else ""
    return (
        f"<ErrorResponse{namespace}><Error><Type>{side}</Type>{_members(error)}</Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def _ec2(error: ApiError, _service: str, request_id: str) -> str:
    return (
        f"<Response><Errors><Error>{_members(error)}</Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )


def _s3(error: ApiError, _service: str, request_id: str) -> str:
    return (
        f"<Error>{_members(error)}<RequestId>{request_id}</RequestId>"
        f"<HostId>{request_id}</HostId></Error>"
    )
