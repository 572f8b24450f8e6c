"""Terraform with its state in S3, through each hand-off: the role reaches one prefix alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.incident.test_contain_broken import ONE_SERVER
from tests.support.hand_offs import HandOff, environ_for, handed
from tests.support.profiles import Profile, write_profile
from tests.support.wired import Wired, must

FILE = """
terraform {{
  backend "s3" {{
    bucket               = "{bucket}"
    key                  = "team/terraform.tfstate"
    workspace_key_prefix = "team/env"
    region               = "{region}"
    {more}
  }}
}}

resource "terraform_data" "made" {{
  input = "made up"
}}
"""
MORE = "use_path_style = true\n    use_lockfile = true"
MORE_BEFORE_1_10 = """force_path_style = true
    skip_metadata_api_check = true
    endpoint = "{endpoint}"
    sts_endpoint = "{endpoint}"
    iam_endpoint = "{endpoint}"
"""
"""It takes no AWS_ENDPOINT_URL, and knows no lock in the bucket."""
INIT = ("init", "-input=false", "-no-color")
APPLY = ("apply", "-auto-approve", "-input=false", "-no-color")
ELSEWHERE = (*INIT, "-reconfigure", "-backend-config=key=others/terraform.tfstate")


@pytest.fixture
def bucket(wired: Wired) -> Iterator[str]:
    """A bucket, and a role for one prefix of it. It goes with the test."""
    name, s3 = f"state-{wired.mount}", wired.client("s3")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": wired.options.region}
    )
    listing = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{name}",
        "Condition": {"StringLike": {"s3:prefix": "team/*"}},
    }
    objects = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": f"arn:aws:s3:::{name}/team/*",
    }
    document = {"Version": "2012-10-17", "Statement": [listing, objects]}
    role = {"credential_type": "iam_user", "policy_document": json.dumps(document)}
    must(wired.ask(f"{wired.mount}/roles/state", role))
    yield name
    for found in s3.list_objects_v2(Bucket=name).get("Contents", ()):
        s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def settings(terraform: str) -> str:
    """How this version says where the bucket is."""
    said = subprocess.run(
        [terraform, "version", "-json"], capture_output=True, check=True, timeout=60
    ).stdout
    major, minor, *_ = json.loads(said)["terraform_version"].split(".")
    return MORE if (int(major), int(minor)) >= (1, 10) else MORE_BEFORE_1_10


def run(
    terraform: str, way: HandOff, profile: Profile, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """One command of Terraform, by way of a hand-off, without any plugin of the network's."""
    environ = {
        **environ_for(way, profile),
        "TF_CLI_CONFIG_FILE": os.devnull,
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
    }
    return subprocess.run(
        handed(way, "state", (terraform, *arguments)),
        env=environ,
        cwd=profile.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@ONE_SERVER
@pytest.mark.parametrize("way", list(HandOff), ids=str)
def test_the_state_lands_in_the_bucket_and_nowhere_else(
    wired: Wired, tmp_path: Path, terraform: str, bucket: str, way: HandOff
) -> None:
    profile = write_profile(wired, tmp_path / "team", "state")
    (profile.directory / "main.tf").write_text(
        FILE.format(
            bucket=bucket,
            region=wired.options.region,
            more=settings(terraform).format(endpoint=wired.aws.endpoint),
        )
    )
    for arguments in (INIT, APPLY):
        done = run(terraform, way, profile, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    s3 = wired.client("s3")
    state = json.loads(s3.get_object(Bucket=bucket, Key="team/terraform.tfstate")["Body"].read())
    assert [found["type"] for found in state["resources"]] == ["terraform_data"]
    refused = run(terraform, way, profile, *ELSEWHERE)
    assert refused.returncode == 1, refused.stdout
    assert "AccessDenied" in refused.stderr or "403" in refused.stderr
    kept = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert kept == ["team/terraform.tfstate"]
    assert has_no_key(profile.directory)
    leases = wired.vault.list_leases(f"{wired.mount}/creds/state")
    assert len(leases) == (1 if way in {HandOff.CREDS, HandOff.PROFILE} else 0)


def has_no_key(directory: Path) -> bool:
    """Terraform writes its settings for the backend down: no key may be among them."""
    written = [path for path in (directory / ".terraform").rglob("*") if path.is_file()]
    return bool(written) and not any(b"AKIA" in path.read_bytes() for path in written)
