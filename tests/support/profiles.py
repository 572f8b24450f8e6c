"""An AWS profile whose credentials come from `vaultaws creds ROLE --format process`."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.commands import Shell
from tests.support.wired import Wired, must

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ec2:DescribeInstances", "s3:ListAllMyBuckets"],
            "Resource": "*",
        }
    ],
}
NAME = "vaultaws"


@dataclass(frozen=True)
class Profile:
    """The profile of one role, in a directory of its own. `environ` is its user's."""

    wired: Wired
    directory: Path
    role: str

    @property
    def environ(self) -> dict[str, str]:
        """No keys of AWS's own: the profile is the only way to any."""
        here = self.wired.environ({})
        kept = {name: value for name, value in here.items() if not _is_a_key(name)}
        more = {
            "AWS_PROFILE": NAME,
            "AWS_CONFIG_FILE": str(self.directory / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "VAULTAWS_CACHE": "file",
        }
        return Shell(self.directory, {**kept, **more}).environ

    @property
    def runs(self) -> int:
        """How often an SDK has run the process."""
        noted = self.directory / "runs"
        return len(noted.read_text().splitlines()) if noted.exists() else 0

    def leases(self) -> list[str]:
        """The leases of the role that Vault knows."""
        paths = [f"{self.wired.mount}/{way}/{self.role}" for way in ("creds", "sts")]
        answers = [self.wired.ask(f"sys/leases/lookup/{path}?list=true") for path in paths]
        return [key for answer in answers if answer.status == 200 for key in keys(answer.body)]


def keys(body: Mapping[str, Any]) -> list[str]:
    """The names in the answer to a LIST."""
    return list(body["data"]["keys"])


def _is_a_key(name: str) -> bool:
    return name in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}


def write_profile(wired: Wired, directory: Path, role: str) -> Profile:
    """Write the profile; the process notes each run of it in a file."""
    directory.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "vaultaws", "creds", role, "--format", "process"]
    script = directory / "process"
    noting = f"echo run >> {shlex.quote(str(directory / 'runs'))}"
    script.write_text(f"#!/bin/sh\n{noting}\nexec {shlex.join(command)}\n")
    script.chmod(0o755)
    region = wired.options.region
    (directory / "config").write_text(
        f"[profile {NAME}]\nregion = {region}\ncredential_process = {script}\n"
    )
    return Profile(wired, directory, role)


def write_user_role(wired: Wired, role: str, lease: str) -> None:
    """An iam_user role whose leases are as long as `lease` says."""
    must(wired.ask(f"{wired.mount}/config/lease", {"lease": lease, "lease_max": "1h"}))
    _write_role(wired, role, {"credential_type": "iam_user"})


def write_token_role(wired: Wired, role: str, ttl: str) -> None:
    """A federation_token role with tokens of `ttl`, which can do what Vault's own user may."""
    wired.client("iam").put_user_policy(
        UserName=wired.root_user, PolicyName="clients", PolicyDocument=json.dumps(POLICY)
    )
    spans = {"default_sts_ttl": ttl, "max_sts_ttl": "1h"}
    _write_role(wired, role, {"credential_type": "federation_token", **spans})


def _write_role(wired: Wired, role: str, fields: Mapping[str, str]) -> None:
    document = json.dumps(POLICY)
    must(wired.ask(f"{wired.mount}/roles/{role}", {"policy_document": document, **fields}))


def run_process(profile: Profile) -> subprocess.CompletedProcess[str]:
    """The process as an SDK runs it."""
    return subprocess.run(
        [str(profile.directory / "process")],
        env=profile.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def run_aws(aws: Path, profile: Profile, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command of the AWS CLI on the profile."""
    return subprocess.run(
        [str(aws), *arguments, "--output", "json"],
        env=profile.environ,
        cwd=profile.directory,
        capture_output=True,
        text=True,
        check=False,
    )
