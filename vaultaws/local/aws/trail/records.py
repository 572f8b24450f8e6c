"""One call becomes one CloudTrail record. Pure: the same call, caller and outcome, same record.

Source: CloudTrail user guide, "CloudTrail record contents for management, data, and network
activity events", eventVersion 1.11.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from vaultaws.local.aws.call import Call, Caller, Outcome
from vaultaws.local.aws.trail.elements import (
    operation_model,
    request_parameters,
    response_elements,
)
from vaultaws.local.aws.trail.identity import iso, user_identity

Json = dict[str, Any]

EVENT_VERSION: Final = "1.11"
GLOBAL_REGION: Final = "us-east-1"
# CloudTrail user guide, "Understanding global service events".
GLOBAL_SERVICES: Final = frozenset({
    "account", "cloudfront", "iam", "organizations", "route53", "support",
})  # fmt: skip
_READ_PREFIXES: Final = (
    "Batch",
    "Check",
    "Decode",
    "Describe",
    "Generate",
    "Get",
    "Head",
    "List",
    "Lookup",
    "Search",
    "Select",
    "Simulate",
    "Validate",
)
_READ_EXCEPTIONS: Final = {
    # As published records of real detonations show them.
    ("sts", "AssumeRole"): True,
    ("sts", "AssumeRoleWithSAML"): True,
    ("sts", "AssumeRoleWithWebIdentity"): True,
    ("sts", "GetFederationToken"): False,
    ("iam", "GenerateCredentialReport"): True,
}
# Reads whose answer is written all the same: they hand out credentials.
_ISSUING: Final = frozenset({
    "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetSessionToken",
})  # fmt: skip
_DATA_EVENTS: Final = {
    "s3": frozenset({
        "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload",
        "DeleteObject", "DeleteObjectTagging", "DeleteObjects", "GetObject", "GetObjectAcl",
        "GetObjectAttributes", "GetObjectLegalHold", "GetObjectRetention", "GetObjectTagging",
        "GetObjectTorrent", "HeadBucket", "HeadObject",
        "ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2", "ListParts",
        "PutObject", "PutObjectAcl", "PutObjectLegalHold", "PutObjectRetention", "PutObjectTagging",
        "RestoreObject", "SelectObjectContent", "UploadPart", "UploadPartCopy",
    }),
    "dynamodb": frozenset({
        "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan",
        "TransactGetItems", "TransactWriteItems", "UpdateItem",
    }),
    "lambda": frozenset({"Invoke", "InvokeAsync"}),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "sqs": frozenset({
        "DeleteMessage", "DeleteMessageBatch", "ReceiveMessage", "SendMessage", "SendMessageBatch",
    }),
}  # fmt: skip


def is_data_event(service: str, operation: str) -> bool:
    """True for object-level traffic, which CloudTrail records only when told to."""
    return operation in _DATA_EVENTS.get(service, ())


def is_read_only(service: str, operation: str) -> bool:
    known = _READ_EXCEPTIONS.get((service, operation))
    return operation.startswith(_READ_PREFIXES) if known is None else known


def event_region(call: Call) -> str:
    """us-east-1 for global services and for STS's global endpoint, else the call's region."""
    if call.service in GLOBAL_SERVICES or call.region in {"", "aws-global"}:
        return GLOBAL_REGION
    if call.service == "sts" and call.host.startswith("sts.amazonaws.com"):
        return GLOBAL_REGION
    return call.region


@lru_cache(maxsize=256)
def event_source(service: str) -> str:
    """`monitoring.amazonaws.com` for cloudwatch: the endpoint's prefix, not botocore's name."""
    from botocore.exceptions import UnknownServiceError
    from moto.core.utils import get_service_model

    try:
        prefix = get_service_model(service).endpoint_prefix
    except UnknownServiceError:
        prefix = service
    return f"{prefix}.amazonaws.com"


def error_code(call: Call, outcome: Outcome) -> str:
    """CloudTrail's spelling: EC2 with Client./Server., others by the exception's own name.

    IAM answers NoSuchEntity on the wire and writes NoSuchEntityException in the trail.
    """
    if call.service == "ec2" and outcome.error_code:
        return f"{'Server' if outcome.status >= 500 else 'Client'}.{outcome.error_code}"
    model = operation_model(call.service, call.operation)
    for shape in model.error_shapes if model and outcome.error_code else ():
        if shape.metadata.get("error", {}).get("code") == outcome.error_code:
            return str(shape.name)
    return outcome.error_code


def build_record(
    call: Call,
    caller: Caller | None,
    outcome: Outcome,
    *,
    event_id: str,
    account_id: str,
    access_key_id: str = "",
) -> Json:
    """The record. `account_id` is the recipient; `access_key_id` is what an unverified request
    claimed, written only when `caller` is None."""
    record: Json = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": user_identity(caller, account_id, access_key_id),
        "eventTime": iso(call.time),
        "eventSource": event_source(call.service),
        "eventName": call.operation,
        "awsRegion": event_region(call),
        "sourceIPAddress": call.source_ip,
        "userAgent": call.user_agent,
    }
    if outcome.error_code:
        record["errorCode"] = error_code(call, outcome)
        record["errorMessage"] = outcome.error_message
    record["requestParameters"] = _request(call)
    record["responseElements"] = _response(call, outcome)
    record["requestID"] = call.request_id
    record["eventID"] = event_id
    record |= _closing(call, account_id)
    return record


def _closing(call: Call, account_id: str) -> Json:
    data = is_data_event(call.service, call.operation)
    closing: Json = {"readOnly": is_read_only(call.service, call.operation)}
    role_arn = call.params.get("RoleArn")
    if call.service == "sts" and isinstance(role_arn, str):
        closing["resources"] = [
            {"accountId": account_id, "type": "AWS::IAM::Role", "ARN": role_arn}
        ]
    closing["eventType"] = "AwsApiCall"
    closing["managementEvent"] = not data
    closing["recipientAccountId"] = account_id
    closing["eventCategory"] = "Data" if data else "Management"
    closing["tlsDetails"] = _tls(call)
    return closing


def _request(call: Call) -> Json | None:
    written: Json | None = request_parameters(call.service, call.operation, call.params)
    if call.service == "s3":
        return (written or {}) | {"Host": call.host}
    return written


def _response(call: Call, outcome: Outcome) -> Json | None:
    if outcome.error_code:
        return None
    if is_read_only(call.service, call.operation) and call.operation not in _ISSUING:
        return None
    written: Json | None = response_elements(call.service, call.operation, outcome.response)
    return written


def _tls(call: Call) -> Json:
    """Over plain HTTP only the host is known."""
    host = {"clientProvidedHostHeader": call.host}
    if not call.secure:
        return host
    return {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"} | host
