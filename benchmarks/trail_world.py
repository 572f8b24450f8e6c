"""Log files of CloudTrail in any number, made up but true to life: seeded, and written in streams.

A world is some days of two accounts in three regions. Each file is made from its own number and
the seed alone, so that the same world can be written by any number of processes.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from isal import igzip

START: Final = datetime(2026, 11, 20, tzinfo=UTC)
EVENTS_A_FILE: Final = 2_500
ACCOUNTS: Final = ("123456789012", "210987654321")
REGIONS: Final = ("us-east-1", "eu-west-1", "eu-west-2")
KEYS: Final = 4_000
AGENTS: Final = (
    "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.12 md/arch#x86_64 lang/python#3.13.7",
    "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#6.8 md/arch#aarch64 lang/python#3.12.3",
    "aws-sdk-go-v2/1.39.0 ua/2.1 os/linux lang/go#1.25.1 md/GOOS#linux md/GOARCH#amd64 api/s3",
    "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) aws-sdk-go-v2/1.36.3",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0",
    "aws-internal/3 aws-sdk-java/1.12.788 Linux/5.10 OpenJDK_64-Bit_Server_VM/25.462 kotlin/1.6.21",
    "lambda.amazonaws.com",
)
_MARK: Final = "@"
_NOISE: Final = 96
"""Hexadecimal digits of chance for each record."""
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class World:
    """How much there is. `days` are those the files are spread over."""

    root: Path
    events: int
    seed: int = 7
    days: int = 7

    @property
    def files(self) -> int:
        return -(-self.events // EVENTS_A_FILE)


def _identity(kind: str, **more: Any) -> dict[str, Any]:
    made = {"type": kind, "principalId": "AROA@:@", "arn": "@", "accountId": "@"}
    return {**made, "accessKeyId": "@", **more}


_SESSION: Final = {
    "sessionIssuer": {
        "type": "Role",
        "principalId": "AROA@",
        "arn": "arn:aws:iam::@:role/@",
        "accountId": "@",
        "userName": "@",
    },
    "attributes": {"creationDate": "@", "mfaAuthenticated": "false"},
}
_TLS: Final = {
    "tlsVersion": "TLSv1.3",
    "cipherSuite": "TLS_AES_128_GCM_SHA256",
    "clientProvidedHostHeader": "@",
}
_DOCUMENT: Final = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
                   "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]}],
})  # fmt: skip
_CALLS: Final[tuple[tuple[float, str, str, dict[str, Any]], ...]] = (
    (22, "ec2", "DescribeInstances", {
        "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-@"}] * 4},
                              "filterSet": {}},
    }),
    (14, "kms", "Decrypt", {
        "requestParameters": {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::data/@"},
                              "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        "resources": [{"accountId": "@", "type": "AWS::KMS::Key",
                       "ARN": "arn:aws:kms:@:@:key/@"}],
    }),
    (12, "s3", "GetObject", {
        "requestParameters": {"bucketName": "data", "Host": "data.s3.amazonaws.com",
                              "key": "year=2026/month=11/part-@.parquet"},
        "additionalEventData": {"SignatureVersion": "SigV4", "bytesTransferredIn": 0,
                                "CipherSuite": "TLS_AES_128_GCM_SHA256",
                                "bytesTransferredOut": 48_213.0, "x-amz-id-2": "@@@@"},
    }),
    (10, "sts", "AssumeRole", {
        "requestParameters": {"roleArn": "arn:aws:iam::@:role/@", "roleSessionName": "@",
                              "durationSeconds": 3_600},
        "responseElements": {
            "credentials": {"accessKeyId": "@", "sessionToken": "@@@@@@@@@@@@@@@@",
                            "expiration": "Nov 29, 2026, 10:15:00 AM"},
            "assumedRoleUser": {"assumedRoleId": "AROA@:@",
                                "arn": "arn:aws:sts::@:assumed-role/@/@"}},
    }),
    (8, "sts", "GetCallerIdentity", {"requestParameters": None}),
    (8, "dynamodb", "DescribeTable", {"requestParameters": {"tableName": "orders-@"}}),
    (8, "logs", "CreateLogStream", {
        "requestParameters": {"logGroupName": "/aws/lambda/@", "logStreamName": "2026/11/@"},
    }),
    (6, "s3", "ListBuckets", {
        "requestParameters": {"Host": "s3.amazonaws.com"}, "errorCode": "AccessDenied",
        "errorMessage": "User: @ is not authorized to perform: s3:ListAllMyBuckets because no "
                        "identity-based policy allows the s3:ListAllMyBuckets action",
    }),
    (5, "iam", "GetUser", {"requestParameters": {"userName": "vault-@"}}),
    (3, "iam", "PutUserPolicy", {
        "requestParameters": {"userName": "vault-@", "policyName": "p",
                              "policyDocument": _DOCUMENT},
    }),
    (2, "iam", "CreateAccessKey", {
        "requestParameters": {"userName": "vault-@"},
        "responseElements": {"accessKey": {"userName": "vault-@", "accessKeyId": "@",
                                           "status": "Active", "createDate": "@"}},
    }),
    (2, "sts", "GetFederationToken", {
        "requestParameters": {"name": "vault-@", "policy": _DOCUMENT, "durationSeconds": 3_600},
        "responseElements": {
            "credentials": {"accessKeyId": "@", "sessionToken": "@@@@@@@@@@@@@@@@",
                            "expiration": "Nov 29, 2026, 10:15:00 AM"},
            "federatedUser": {"federatedUserId": "@:@", "arn": "@"}, "packedPolicySize": 6},
    }),
)  # fmt: skip


_SERVICES: Final = (
    "autoscaling", "cloudformation", "ecr", "ecs", "eks", "elasticloadbalancing", "glue", "lambda",
    "rds", "redshift", "route53", "sns", "sqs", "ssm",
)  # fmt: skip
_NOUNS: Final = (
    "Cluster", "Stack", "Image", "Function", "Parameter", "Snapshot", "Target", "Listener", "Queue",
    "Topic", "Crawler", "Partition", "Nodegroup", "Change", "Policy", "Resource",
)  # fmt: skip
_TAIL: Final = 250
"""Names of calls beside the usual ones: an account at work has some hundreds a day, each with
parameters of its own."""
_TAIL_WEIGHT: Final = 0.08


def _tail() -> Iterator[tuple[float, str, str, dict[str, Any]]]:
    """Yield calls that are rare each, and together about a sixth of all."""
    chance = Random("tail")
    for number in range(_TAIL):
        nouns = chance.sample(_NOUNS, 4)
        shapes: tuple[Any, ...] = (
            "@", number, True, [{"name": "@", "values": ["@"]}], {"items": [{"id": "@"}]}, None,
        )  # fmt: skip
        asked = {
            noun[:1].lower() + noun[1:] + chance.choice(("Name", "Id", "Set", "Options")): shape
            for noun, shape in zip(nouns, chance.sample(shapes, 4), strict=True)
        }
        verb = chance.choice(("Describe", "List", "Get", "Update", "Create"))
        name = f"{verb}{nouns[0]}{nouns[1]}"
        yield _TAIL_WEIGHT, chance.choice(_SERVICES), name, {"requestParameters": asked}


def _template(service: str, name: str, call: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "userIdentity": _identity("AssumedRole", sessionContext=_SESSION),
        "eventTime": "%(time)s",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "%(region)s",
        "sourceIPAddress": "%(ip)s",
        "userAgent": "%(agent)s",
        "responseElements": None,
        **call,
        "requestID": "%(request)s",
        "eventID": "%(id)s",
        "readOnly": name.startswith(("Describe", "Get", "List")),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "%(account)s",
        "eventCategory": "Management",
        "tlsDetails": _TLS,
    }


def _templates() -> tuple[list[str], list[float]]:
    """The calls as texts for `%`: what has a meaning is filled by name, the rest by noise."""
    texts: list[str] = []
    weights: list[float] = []
    for weight, service, name, call in (*_CALLS, *_tail()):
        text = json.dumps(_template(service, name, call), separators=(",", ":"))
        text = text.replace('"accessKeyId":"@"', '"accessKeyId":"%(key)s"', 1)
        text = text.replace('"accessKeyId":"@"', '"accessKeyId":"%(issued)s"')
        text = text.replace('"accountId":"@"', '"accountId":"%(account)s"')
        text = text.replace("::@:", "::%(account)s:").replace(
            '"userName":"@"', '"userName":"%(role)s"'
        )
        text = text.replace("role/@", "role/%(role)s").replace('Date":"@"', 'Date":"%(time)s"')
        text = text.replace('"arn":"@"', '"arn":"arn:aws:sts::%(account)s:assumed-role/%(role)s/s"')
        parts = text.split(_MARK)
        noises = ("%(noise)s", "%(role)s", "%(request)s")
        joined = parts[0]
        for number, part in enumerate(parts[1:]):
            joined += noises[number % 3] + part
        texts.append(joined)
        weights.append(weight)
    return texts, weights


_TEXTS, _WEIGHTS = _templates()


def key_id(number: int) -> str:
    """A made-up key id."""
    chance = Random(f"key-{number}")
    return ("AS" + "IA") + "".join(chance.choices(_LETTERS, k=16))


def records(world: World, number: int) -> Iterator[str]:
    """Yield the records of one file, as JSON."""
    chance = Random(f"{world.seed}-{number}")
    account, region, made = place_of(world, number)
    times = [f"{made - timedelta(seconds=ago):%Y-%m-%dT%H:%M:%SZ}" for ago in range(512)]
    keys, noise = _keys(), chance.randbytes(_NOISE * EVENTS_A_FILE // 2).hex()
    for at, text in enumerate(chance.choices(_TEXTS, _WEIGHTS, k=EVENTS_A_FILE)):
        some = noise[at * _NOISE : (at + 1) * _NOISE]
        bits = int(some[:12], 16)
        held = keys[int(chance.random() ** 3 * KEYS)]
        yield text % {
            "time": times[bits & 511],
            "region": region,
            "account": account,
            "ip": f"10.{bits >> 9 & 15}.{bits >> 13 & 15}.{bits >> 17 & 255}",
            "agent": AGENTS[(bits >> 25) % len(AGENTS)],
            "key": held,
            "issued": held[:8] + some[12:24].upper(),
            "role": f"service-{(bits >> 30) % 97}",
            "noise": some[24:41],
            "request": f"{some[41:49]}-{some[49:53]}-4{some[53:56]}-a{some[56:59]}-{some[59:71]}",
            "id": f"{some[71:79]}-{some[79:83]}-4{some[83:86]}-b{some[86:89]}-{some[84:96]}",
        }


def place_of(world: World, number: int) -> tuple[str, str, datetime]:
    """The account, the region and the time of delivery of a file."""
    span = timedelta(days=world.days) / world.files
    made = START + span * (number + 1) - timedelta(minutes=1)
    return ACCOUNTS[number // 3 % 2], REGIONS[number % 3], made


_POOL: list[str] = []


def _keys() -> list[str]:
    if not _POOL:
        _POOL.extend(key_id(number) for number in range(KEYS))
    return _POOL


def path_of(world: World, number: int) -> Path:
    """Where a file is, by CloudTrail's layout."""
    account, region, made = place_of(world, number)
    folder = world.root / f"AWSLogs/{account}/CloudTrail/{region}/{made:%Y/%m/%d}"
    return folder / f"{account}_CloudTrail_{region}_{made:%Y%m%dT%H%MZ}_{number:016d}.json.gz"


def write_file(world: World, number: int) -> tuple[int, int]:
    """Write one file; return how many bytes of JSON it holds, and how many it has."""
    path = path_of(world, number)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ('{"Records":[' + ",".join(records(world, number)) + "]}").encode()
    packed = igzip.compress(text, 3, mtime=0)
    path.write_bytes(packed)
    return len(text), len(packed)


def write(world: World, numbers: range | None = None, processes: int = 2) -> tuple[int, int]:
    """Write files of a world, all when no numbers are given; return the bytes, as above."""
    wanted = numbers if numbers is not None else range(world.files)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = ((world, number) for number in wanted)
        sizes = pool.imap_unordered(_written, jobs, chunksize=16)
        text = packed = 0
        for one, other in sizes:
            text, packed = text + one, packed + other
    return text, packed


def _written(job: tuple[World, int]) -> tuple[int, int]:
    return write_file(*job)
