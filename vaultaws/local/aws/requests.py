"""From a WSGI environment to the values the gate works on."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

from moto.core.request import EnvironHeaders

from vaultaws.local.aws import moto_door
from vaultaws.local.aws.moto_door import UnknownOperationError
from vaultaws.local.aws.sigv4 import Message

_SCOPE: Final = re.compile(r"Credential=[^,/\s]+/[^,/\s]+/[^,/\s]+/([a-z0-9-]+)/aws4_request")
_URL_SCOPE: Final = re.compile(
    r"X-Amz-Credential=[^&/]+?(?:/|%2F)[^&/]+?(?:/|%2F)[^&/]+?(?:/|%2F)([a-z0-9-]+)(?:/|%2F)",
    re.IGNORECASE,
)
_REGION: Final = re.compile(r"[.-]?[a-z]{2}(-[a-z]+)+-[0-9]$")
_TARGETS: Final = {"CloudTrail_20131101": "cloudtrail", "DynamoDB_20120810": "dynamodb"}
_VERSIONS: Final = {"2010-05-08": "iam", "2011-06-15": "sts", "2016-11-15": "ec2"}
MAX_FORM_BYTES: Final = 1024 * 1024


def message_of(environ: WSGIEnvironment) -> Message:
    """What signatures cover. The body was read whole by the server."""
    stream: Any = environ["wsgi.input"]
    path, _, query = str(environ["RAW_URI"]).partition("?")
    return Message(
        method=environ["REQUEST_METHOD"],
        raw_path=path,
        raw_query=query,
        headers={name.lower(): value for name, value in EnvironHeaders(environ)},
        body=stream.read(),
    )


def service_of(message: Message) -> str:
    """botocore's name of the service a request is for; S3 when nothing tells.

    The signature's scope says it. Without one: the host, the JSON target, the query version.
    """
    for signing_name in (_scoped(message), _addressed(message), _targeted(message), "s3"):
        try:
            if signing_name:
                return moto_door.service_named(signing_name)
        except UnknownOperationError:
            continue
    return "s3"


def _scoped(message: Message) -> str:
    found = _SCOPE.search(message.headers.get("authorization", "")) or _URL_SCOPE.search(
        message.raw_query
    )
    return found.group(1) if found else ""


def _addressed(message: Message) -> str:
    """The label before the region: ec2.eu-west-2.amazonaws.com, BUCKET.s3.amazonaws.com."""
    name, found, _ = message.headers.get("host", "").lower().partition(".amazonaws.com")
    return _REGION.sub("", name).rpartition(".")[2] if found else ""


def _targeted(message: Message) -> str:
    target = message.headers.get("x-amz-target", "").rpartition(".")[0]
    if target:
        return _TARGETS.get(target, "")
    fields = dict(parse_qsl(message.raw_query))
    if _is_form(message):
        fields |= dict(parse_qsl(message.body[:MAX_FORM_BYTES].decode("latin-1")))
    return _VERSIONS.get(fields.get("Version", ""), "") if fields.get("Action") else ""


def _is_form(message: Message) -> bool:
    media = message.headers.get("content-type", "")
    return media.startswith("application/x-www-form-urlencoded")
