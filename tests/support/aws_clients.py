"""boto3 clients and raw signed requests against a local AWS."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError

from vaultaws.local.aws.serve import LocalAws
from vaultaws.model import Credentials, Secret

REGION = "eu-west-2"
ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def client(
    aws: LocalAws, service: str, key: Credentials | None = None, *, region: str = REGION
) -> Any:
    """A client that never tries twice."""
    key = key or aws.admin
    make: Any = boto3.client  # one name for every service
    return make(
        service,
        region_name=region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key.reveal(),
        aws_session_token=key.session_token.reveal() if key.session_token else None,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


def key_of(answer: Mapping[str, Any]) -> Credentials:
    """The credentials in an answer of STS or of CreateAccessKey."""
    given = answer["Credentials"] if "Credentials" in answer else answer["AccessKey"]
    token = given.get("SessionToken")
    return Credentials(
        given["AccessKeyId"], Secret(given["SecretAccessKey"]), Secret(token) if token else None
    )


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource, **more}


def trust(principal: str, **more: Any) -> str:
    return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:*", **more})


def a_user(aws: LocalAws, name: str, *statements: Mapping[str, Any]) -> Credentials:
    """A new user with one inline policy, and its key."""
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    if statements:
        text = document(*statements)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=text)
    return key_of(iam.create_access_key(UserName=name))


@dataclass(frozen=True)
class Refused:
    """AWS's no, as botocore reads it."""

    code: str
    message: str
    status: int


def refusal(call: Callable[..., object], **params: Any) -> Refused:
    """Make the call, which must be refused."""
    with pytest.raises(ClientError) as error:
        call(**params)
    response: Any = error.value.response
    return Refused(
        response["Error"]["Code"],
        response["Error"].get("Message", ""),
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def sign_at(signer: Any, request: AWSRequest, at: datetime) -> None:
    """Let botocore's signer sign at a time of the test's choosing: `add_auth` without its clock."""
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)


@dataclass
class Raw:
    """A signed request that a test may spoil before it is sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    def send(self, aws: LocalAws) -> Answer:
        host, port = urlsplit(aws.endpoint).netloc.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            connection.putrequest(
                self.method, self.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(self.body)
            response = connection.getresponse()
            return Answer(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def signed(
    aws: LocalAws,
    service: str,
    *,
    method: str = "POST",
    target: str = "/",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    key: Credentials | None = None,
    ago: timedelta = timedelta(),
    region: str = REGION,
) -> Raw:
    """A request as botocore signs it, `ago` before now."""
    key = key or aws.admin
    token = key.session_token.reveal() if key.session_token else None
    request = AWSRequest(method, aws.endpoint + target, dict(headers or {}), body)
    boto = BotoCredentials(key.access_key_id, key.secret_access_key.reveal(), token)
    make = S3SigV4Auth if service == "s3" else SigV4Auth
    sign_at(make(boto, service, region), request, datetime.now(UTC) - ago)
    sent = {name: str(value) for name, value in request.headers.items()}
    sent["Host"] = urlsplit(aws.endpoint).netloc
    sent["Content-Length"] = str(len(body))
    return Raw(method, target, sent, body)


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def query(aws: LocalAws, service: str, action: str, /, **more: Any) -> Raw:
    """A query-protocol request; `fields` are its parameters, the rest goes to `signed`."""
    version = {"iam": "2010-05-08", "sts": "2011-06-15", "ec2": "2016-11-15"}[service]
    fields = {"Action": action, "Version": version, **more.pop("fields", {})}
    return signed(aws, service, body=urlencode(fields).encode(), headers=FORM, **more)
