"""S3 (service authorization reference, "Amazon S3"): many actions are not named as their
operation is. Bucket and object ARNs hold neither region nor account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote

from vaultaws.local.aws.actions.context import tag_keys
from vaultaws.local.aws.actions.facts import Ask, Mapper, Need
from vaultaws.local.aws.actions.params import Keys, mapping, mappings, merged, named, tag_pairs

_RENAMED: Final = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
}
_CONFIGURATIONS: Final = {
    "Analytics": "AnalyticsConfiguration",
    "IntelligentTiering": "IntelligentTieringConfiguration",
    "Inventory": "InventoryConfiguration",
    "Metrics": "MetricsConfiguration",
}
_VERSIONED: Final = {
    "GetObject": "GetObjectVersion",
    "GetObjectAcl": "GetObjectVersionAcl",
    "GetObjectAttributes": "GetObjectVersionAttributes",
    "GetObjectTagging": "GetObjectVersionTagging",
    "GetObjectTorrent": "GetObjectVersionTorrent",
    "DeleteObject": "DeleteObjectVersion",
    "DeleteObjectTagging": "DeleteObjectVersionTagging",
    "PutObjectAcl": "PutObjectVersionAcl",
    "PutObjectTagging": "PutObjectVersionTagging",
}
_KEYS: Final = {
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:prefix": "Prefix",
    "s3:versionid": "VersionId",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-copy-source": "CopySource",
    "s3:x-amz-metadata-directive": "MetadataDirective",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "s3:x-amz-storage-class": "StorageClass",
}
_GRANTS: Final = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
_ALSO: Final = (
    ("PutObjectTagging", ("Tagging",)),
    ("PutObjectAcl", ("ACL", *_GRANTS)),
    ("PutObjectRetention", ("ObjectLockMode", "ObjectLockRetainUntilDate")),
    ("PutObjectLegalHold", ("ObjectLockLegalHoldStatus",)),
)
_WRITES: Final = frozenset({"PutObject", "CopyObject", "CreateMultipartUpload"})


def s3_needs(ask: Ask) -> tuple[Need, ...]:
    """Any S3 operation. The bucket when the call names no key, "*" when it names neither."""
    operation = ask.call.operation
    special = _SPECIAL.get(operation)
    if special is not None:
        return special(ask)
    context = _context(ask)
    resource = _resource(ask)
    needs = [Need(f"s3:{_action(ask)}", resource, context)]
    if operation in _WRITES:
        needs.extend(_extras(ask, resource, context))
    return tuple(needs)


def _action(ask: Ask) -> str:
    operation = ask.call.operation
    action = _RENAMED.get(operation) or _configuration(operation) or operation
    return _VERSIONED.get(action, action) if ask.text("VersionId") else action


def _configuration(operation: str) -> str:
    """GetBucketMetricsConfiguration and its like: IAM leaves Bucket out; a list is a Get, a
    deletion a Put."""
    for infix, name in _CONFIGURATIONS.items():
        head, found, _ = operation.partition(f"Bucket{infix}Configuration")
        if found:
            return {"List": "Get", "Delete": "Put"}.get(head, head) + name
    return ""


def _resource(ask: Ask) -> str:
    bucket, key = ask.text("Bucket"), ask.text("Key")
    if not bucket:
        return "*"
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _context(ask: Ask) -> Keys:
    return merged(named(ask.call, _KEYS), _object_tags(ask))


def _object_tags(ask: Ask) -> Keys:
    tagging = ask.call.params.get("Tagging")
    if isinstance(tagging, str):  # a header on PutObject: "team=blue&tier=1"
        tags = dict(parse_qsl(tagging, keep_blank_values=True))
    else:
        tags = tag_pairs(mapping(tagging).get("TagSet"))
    keys: Keys = dict(tag_keys("s3:requestobjecttag/", tags))
    if tags:
        keys["s3:requestobjecttagkeys"] = tuple(tags)
    return keys


def _extras(ask: Ask, resource: str, context: Keys) -> list[Need]:
    given = {name for name, value in ask.call.params.items() if value}
    return [
        Need(f"s3:{action}", resource, context)
        for action, parameters in _ALSO
        if given.intersection(parameters)
    ]


def _copy(ask: Ask) -> tuple[Need, ...]:
    """The source is read, the target written (S3 API reference, CopyObject, "Permissions")."""
    source = ask.call.params.get("CopySource")
    context = _context(ask)
    target = _resource(ask)
    written = [Need("s3:PutObject", target, context)]
    if ask.call.operation == "CopyObject":
        written.extend(_extras(ask, target, context))
    return (_source_read(source), *written)


def _source_read(source: object) -> Need:
    if isinstance(source, Mapping):
        bucket, key = str(source.get("Bucket", "")), str(source.get("Key", ""))
        version = str(source.get("VersionId") or "")
    else:
        path, _, version = str(source or "").partition("?versionId=")
        bucket, _, key = unquote(path.removeprefix("/")).partition("/")
    if not bucket or not key:
        return Need("s3:GetObject", "*")
    return Need(f"s3:GetObject{'Version' if version else ''}", f"arn:aws:s3:::{bucket}/{key}")


def _delete_many(ask: Ask) -> tuple[Need, ...]:
    """Each object is asked for; S3 itself refuses object by object, we refuse the whole call."""
    bucket = ask.text("Bucket")
    listed = mappings(mapping(ask.call.params.get("Delete")).get("Objects"))
    needs = tuple(
        Need(
            "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject",
            f"arn:aws:s3:::{bucket}/{item.get('Key', '')}",
        )
        for item in listed
    )
    return needs or (Need("s3:DeleteObject", f"arn:aws:s3:::{bucket}/"),)


def _list_buckets(_ask: Ask) -> tuple[Need, ...]:
    return (Need("s3:ListAllMyBuckets"),)


_SPECIAL: Final[dict[str, Mapper]] = {
    "ListBuckets": _list_buckets,
    "CopyObject": _copy,
    "UploadPartCopy": _copy,
    "DeleteObjects": _delete_many,
}
