"""Buckets, their policies, and trails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from vaultaws.local.aws.cfn.kind import Clients, Kind, Place, Properties, given, truth, words
from vaultaws.local.aws.cfn.template import text_of

_TRAIL: Final = words(
    "S3BucketName S3KeyPrefix IncludeGlobalServiceEvents IsMultiRegionTrail EnableLogFileValidation"
)


def _versioning(said: Any) -> dict[str, Any]:
    return {"VersioningConfiguration": {"Status": said["Status"]}}


def _public_access(said: Any) -> dict[str, Any]:
    return {"PublicAccessBlockConfiguration": {key: truth(each) for key, each in said.items()}}


def _ownership(said: Any) -> dict[str, Any]:
    return {"OwnershipControls": {"Rules": said["Rules"]}}


def _encryption(said: Any) -> dict[str, Any]:
    rules = [
        {"ApplyServerSideEncryptionByDefault": dict(each["ServerSideEncryptionByDefault"])}
        for each in said["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


_SETTINGS: Final[tuple[tuple[str, str, Callable[[Any], dict[str, Any]]], ...]] = (
    ("VersioningConfiguration", "put_bucket_versioning", _versioning),
    ("PublicAccessBlockConfiguration", "put_public_access_block", _public_access),
    ("OwnershipControls", "put_bucket_ownership_controls", _ownership),
    ("BucketEncryption", "put_bucket_encryption", _encryption),
)


def _make_bucket(clients: Clients, name: str, _said: Properties) -> str:
    s3 = clients.client("s3")
    region = s3.meta.region_name
    more: dict[str, Any] = {}
    if region != "us-east-1":
        more = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **more)
    return name


def _change_bucket(clients: Clients, name: str, old: Properties, new: Properties) -> None:
    s3 = clients.client("s3")
    for field, operation, shaped in _SETTINGS:
        if field in new and old.get(field) != new[field]:
            getattr(s3, operation)(Bucket=name, **shaped(new[field]))


def _end_bucket(clients: Clients, name: str, _said: Properties) -> None:
    clients.client("s3").delete_bucket(Bucket=name)


def _make_bucket_policy(clients: Clients, _name: str, said: Properties) -> str:
    bucket = str(said["Bucket"])
    _change_bucket_policy(clients, bucket, {}, said)
    return bucket


def _change_bucket_policy(clients: Clients, bucket: str, _old: Properties, new: Properties) -> None:
    document = text_of(new["PolicyDocument"])
    clients.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)


def _end_bucket_policy(clients: Clients, bucket: str, _said: Properties) -> None:
    clients.client("s3").delete_bucket_policy(Bucket=bucket)


def _trail(said: Properties) -> dict[str, Any]:
    found = given(said, _TRAIL)
    return {key: each if key.startswith("S3") else truth(each) for key, each in found.items()}


def _make_trail(clients: Clients, name: str, said: Properties) -> str:
    clients.client("cloudtrail").create_trail(Name=name, **_trail(said))
    return name


def _change_trail(clients: Clients, name: str, old: Properties, new: Properties) -> None:
    cloudtrail = clients.client("cloudtrail")
    if _trail(old) != _trail(new):
        cloudtrail.update_trail(Name=name, **_trail(new))
    if truth(new["IsLogging"]):
        cloudtrail.start_logging(Name=name)
    else:
        cloudtrail.stop_logging(Name=name)


def _end_trail(clients: Clients, name: str, _said: Properties) -> None:
    clients.client("cloudtrail").delete_trail(Name=name)


def _bucket_attributes(_place: Place, name: str, _said: Properties) -> Mapping[str, str]:
    return {"": name, "Arn": f"arn:aws:s3:::{name}"}


def _trail_attributes(place: Place, name: str, _said: Properties) -> Mapping[str, str]:
    return {"": name, "Arn": f"arn:aws:cloudtrail:{place.region}:{place.account_id}:trail/{name}"}


KINDS: Final = (
    Kind(
        "AWS::S3::Bucket",
        "BucketName",
        fixed=words("BucketName"),
        known=words("BucketName") | {field for field, _, _ in _SETTINGS},
        made_with=frozenset(),
        make=_make_bucket,
        change=_change_bucket,
        end=_end_bucket,
        attributes=_bucket_attributes,
    ),
    Kind(
        "AWS::S3::BucketPolicy",
        "",
        fixed=words("Bucket"),
        known=words("Bucket PolicyDocument"),
        made_with=words("Bucket PolicyDocument"),
        make=_make_bucket_policy,
        change=_change_bucket_policy,
        end=_end_bucket_policy,
        attributes=lambda _place, bucket, _said: {"": bucket},
    ),
    Kind(
        "AWS::CloudTrail::Trail",
        "TrailName",
        fixed=words("TrailName"),
        known=words("TrailName IsLogging") | _TRAIL,
        made_with=_TRAIL,
        make=_make_trail,
        change=_change_trail,
        end=_end_trail,
        attributes=_trail_attributes,
    ),
)
