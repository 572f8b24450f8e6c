"""The console's sign-in: hosts of every partition, where one may arrive, what is answered."""

from __future__ import annotations

import gzip
import json
import re
from importlib.resources import files

import pytest

from tests.support.stage import Reply, Stage
from vaultaws.aws import console
from vaultaws.aws.console import PARTITIONS, Place, destination, federation_url, place_of
from vaultaws.errors import AwsError, UsageError
from vaultaws.model import Credentials, Secret

KEY = Credentials("ASIA" + "A" * 16, Secret("planted-secret"), Secret("planted-token"))
LONDON = Place("aws", "eu-west-2")


def test_the_partitions_and_their_hosts_are_botocores() -> None:
    data = files("botocore") / "data"
    known = json.loads((data / "partitions.json").read_text())["partitions"]
    assert {partition["id"] for partition in known} == set(PARTITIONS)
    (version,) = (data / "signin").iterdir()
    rules = gzip.decompress((version / "endpoint-rule-set-1.json.gz").read_bytes()).decode()
    hosts = set(re.findall(r"https://\{Region\}\.(signin\.[a-z0-9.-]+)", rules))
    assert {partition.signin for partition in PARTITIONS.values()} <= hosts


@pytest.mark.parametrize(
    ("arn", "region", "name", "url"),
    [
        ("arn:aws:sts::1:assumed-role/a/b", "eu-west-2", "aws", "signin.aws.amazon.com"),
        ("arn:aws-cn:sts::1:assumed-role/a/b", "", "aws-cn", "signin.amazonaws.cn"),
        ("arn:aws-us-gov:sts::1:x", "us-east-1", "aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("", "cn-north-1", "aws-cn", "signin.amazonaws.cn"),
        ("", "us-gov-east-1", "aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("", "", "aws", "signin.aws.amazon.com"),
        ("junk", "no-such-region", "aws", "signin.aws.amazon.com"),
        ("", "us-iso-east-1", "aws-iso", "us-iso-east-1.signin.c2shome.ic.gov"),
        ("arn:aws-eusc:sts::1:x", "", "aws-eusc", "eusc-de-east-1.signin.amazonaws-eusc.eu"),
    ],
)
def test_the_partition_is_that_of_the_credentials(
    arn: str, region: str, name: str, url: str
) -> None:
    place = place_of(arn, region)
    assert place.name == name
    assert federation_url({}, place) == f"https://{url}/federation"


def test_a_partition_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="partition aws-moon"):
        place_of("arn:aws-moon:sts::1:x/y", "")


def test_the_endpoint_can_be_pointed_elsewhere() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000/"}
    assert federation_url(environ, LONDON) == "http://127.0.0.1:5000/federation"
    environ["AWS_ENDPOINT_URL_SIGNIN"] = "https://signin.test"
    assert federation_url(environ, LONDON) == "https://signin.test/federation"
    environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    assert federation_url(environ, LONDON) == "https://signin.aws.amazon.com/federation"


@pytest.mark.parametrize(
    "url",
    [
        "http://signin.test",
        "http://127.0.0.1.evil.test",
        "ftp://x",
        "https://u@x",
        "x",
        "https://[x",
        "https://a?b=c",
        "https://a:b",
    ],
)
def test_credentials_never_go_out_in_clear(url: str) -> None:
    with pytest.raises(UsageError, match="AWS_ENDPOINT_URL cannot be used"):
        federation_url({"AWS_ENDPOINT_URL": url}, LONDON)


def test_where_one_arrives() -> None:
    home = "https://console.aws.amazon.com/console/home?region=eu-west-2"
    assert destination(LONDON, "") == home
    assert destination(Place("aws-cn", ""), "s3") == "https://console.amazonaws.cn/s3/home"
    whole = "https://eu-west-2.console.aws.amazon.com/ec2/home#Instances"
    assert destination(LONDON, whole) == whole
    iso = Place("aws-iso", "us-iso-east-1")
    assert destination(iso, "https://x.c2shome.ic.gov/") == "https://x.c2shome.ic.gov/"
    with pytest.raises(UsageError, match="address in aws-iso is not known"):
        destination(iso, "ec2")


@pytest.mark.parametrize(
    "wanted",
    [
        "http://console.aws.amazon.com/",
        "https://evil.test/",
        "https://evilaws.amazon.com.test/",
        "https://notaws.amazon.com@evil.test/",
        "https://evil.test\\.aws.amazon.com/",
        "//evil.test",
        "javascript://console.aws.amazon.com/%0aalert(1)",
        "https://console.aws.amazon.com/\n",
        "https://[",
        "../x",
        "ec2?x",
        "é",
    ],
)
def test_nobody_is_led_elsewhere(wanted: str) -> None:
    with pytest.raises(UsageError):
        destination(LONDON, wanted)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(400, b"<html>"), "HTTP 400"),
        (Reply(503, b""), "HTTP 503"),
        (Reply(302, b"", {"Location": "https://evil.test"}), "HTTP 302"),
        (Reply(200, b"<html>"), "not AWS"),
        (Reply(200, {"SigninToken": 1}), "not AWS"),
        (Reply(200, {"SigninToken": "é"}), "not AWS"),
        (Reply(200, b"[" * 70_000), "not AWS"),
    ],
)
def test_answers_that_are_no_token(reply: Reply, words: str) -> None:
    stage = Stage(lambda _: reply)
    try:
        with pytest.raises(AwsError) as caught:
            console.sign_in_token(KEY, stage.address + "/federation", 900)
    finally:
        stage.stop()
    assert words in caught.value.why
    assert "planted" not in caught.value.describe()


def test_nobody_there_and_no_secret_told() -> None:
    with pytest.raises(AwsError) as caught:
        console.sign_in_token(KEY, "http://127.0.0.1:9/federation")
    assert "planted" not in "".join(map(str, (caught.value.describe(), caught.value.__cause__)))
    assert caught.value.__suppress_context__


def test_the_url_is_a_secret() -> None:
    url = console.sign_in_url("https://x/federation", Secret("a b&c"), "https://y/?z=1")
    assert str(url) == Secret.MASK
    assert url.reveal() == (
        "https://x/federation?Action=login&Issuer=vaultaws&Destination=https%3A%2F%2Fy%2F%3Fz%3D1"
        "&SigninToken=a+b%26c"
    )
