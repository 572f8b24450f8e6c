"""The peers of `vaultaws creds`, each with what it does best made ready: handing out what it keeps.

They get homes of their own, the same AWS, and one call that fills their caches.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pyotp

from benchmarks.measure import CommandFailedError
from benchmarks.stage import Stage
from scripts.bootstrap import make_environment
from vaultaws.local.build import vault_binary
from vaultaws.local.directories import Directories
from vaultaws.local.progress import Progress, silent

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
SCRIPT = """\
#!{python}
import sys
from vaultaws.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""
MOUNT, USERS, TOKENS = "aws", "reader", "reader-sts"
STEP_SECONDS = 30
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}],
}


@dataclass(frozen=True)
class Contender:
    """A command to measure. `command` gets the round's number; the output must hold `says`."""

    title: str
    command: Callable[[int], Sequence[str]]
    environ: Mapping[str, str]
    says: str


@dataclass(frozen=True)
class Herded:
    """A peer that is started many times at once on a source that notes each call in `noted`."""

    title: str
    command: Sequence[str]
    environ: Mapping[str, str]
    noted: Path


def prepare_engine(stage: Stage) -> None:
    """Mount the engine with one role that makes users and one that makes tokens."""
    key_id, secret = stage.aws.access_key_id, stage.aws.secret_access_key.reveal()
    places = {"iam_endpoint": stage.aws_endpoint, "sts_endpoint": stage.aws_endpoint}
    root = {"access_key": key_id, "secret_key": secret, "region": stage.region, **places}
    document = {"policy_document": json.dumps(POLICY)}
    spans = {"default_sts_ttl": "15m", "max_sts_ttl": "12h"}
    for path, data in (
        (f"sys/mounts/{MOUNT}", {"type": "aws"}),
        (f"{MOUNT}/config/root", {**root, "sts_region": stage.region}),
        (f"{MOUNT}/roles/{USERS}", {"credential_type": "iam_user", **document}),
        (f"{MOUNT}/roles/{TOKENS}", {"credential_type": "federation_token", **document, **spans}),
    ):
        answer = stage.ask(path, data, method="POST")
        if answer.status not in (200, 204):
            raise CommandFailedError(f"{path} was answered with {answer.status}: {answer.body}")


def leases(stage: Stage, role: str) -> int:
    """How many leases of tokens of the role the server knows."""
    answer = stage.ask(f"sys/leases/lookup/{MOUNT}/sts/{role}?list=true")
    return len(answer.body["data"]["keys"]) if answer.status == 200 else 0


def vaultaws_script(stage: Stage) -> Path:
    """The command as pip 26 writes it, in an environment without the tools of development."""
    script = stage.directory / "vaultaws"
    if not script.exists():
        python = make_environment(REQUIREMENTS / "local.txt")
        script.write_text(SCRIPT.format(python=python))
        script.chmod(0o755)
    return script


def vault_contenders(stage: Stage, progress: Progress) -> list[Contender]:
    """vaultaws and the Vault CLI, on the same roles of the same server.

    Each miss asks for another TTL, so that no cache knows it.
    """
    environ = _only(stage.environ(), "VAULT_", "XDG_", "PATH", "HOME", "PYTHONPATH", "AWS_END")
    environ["AWS_REGION"] = stage.region
    creds = [str(vaultaws_script(stage)), "creds", TOKENS, "--format", "process"]
    read = [str(vault_binary(_cache(), progress)), "read", "-format=json"]
    ways = (
        ("vaultaws, hit", lambda _: creds, "AccessKeyId"),
        ("vaultaws, miss", lambda number: [*creds, f"--ttl={1000 + number}"], "AccessKeyId"),
        (f"vault read aws/creds/{USERS}", lambda _: [*read, f"{MOUNT}/creds/{USERS}"], "AKIA"),
        (f"vault read aws/sts/{TOKENS}", lambda _: [*read, f"{MOUNT}/sts/{TOKENS}"], "ASIA"),
    )
    return [Contender(title, command, environ, says) for title, command, says in ways]


def python_peers(stage: Stage) -> list[Contender]:
    """aws-mfa, awsume, aws-export-credentials and the AWS CLI, each with a warm cache."""
    tools = make_environment(REQUIREMENTS / "peers.txt").parent
    aws = make_environment(REQUIREMENTS / "clients.txt").parent / "aws"
    return [
        _aws_mfa(stage, tools / "aws-mfa"),
        _awsume(stage, tools / "awsumepy"),
        _export_credentials(stage, tools / "aws-export-credentials"),
        _aws_cli(stage, aws),
    ]


def _aws_mfa(stage: Stage, program: Path) -> Contender:
    """It says that the session in ~/.aws/credentials is still good."""
    user = _person(stage, "ada")
    home = _home(stage, "aws-mfa")
    section = f"[work-long-term]\n{user.keys}aws_mfa_device = {user.serial}\n"
    (home / ".aws" / "credentials").write_text(section)
    environ = _environ(stage, home)
    command = [str(program), "--profile", "work"]
    _prime(command, environ, said=f"{user.code()}\n")
    return Contender("aws-mfa", lambda _: command, environ, "still valid")


def _awsume(stage: Stage, program: Path) -> Contender:
    """The program under its shell function: it prints a session that it keeps in a file."""
    user = _person(stage, "ben")
    home = _home(stage, "awsume")
    (home / ".aws" / "credentials").write_text(f"[work]\n{user.keys}")
    region = f"region = {stage.region}\n"
    (home / ".aws" / "config").write_text(f"[profile work]\nmfa_serial = {user.serial}\n{region}")
    environ = _environ(stage, home)
    _prime([str(program), "work", "--mfa-token", user.code()], environ)
    return Contender("awsume", lambda _: [str(program), "work"], environ, "ASIA")


def _export_credentials(stage: Stage, program: Path) -> Contender:
    """It prints what its cache file keeps in clear."""
    home = _home(stage, "export")
    write_source(stage, home)
    environ = _environ(stage, home)
    command = [str(program), "--profile", "work", "--json", "--cache-file", str(home / "kept")]
    _prime(command, environ)
    return Contender("aws-export-credentials", lambda _: command, environ, "ASIA")


def _aws_cli(stage: Stage, program: Path) -> Contender:
    """It finds an assumed role's session, which it keeps in clear below ~/.aws.

    Version 1 has no command that prints credentials; this one shows the ends of the keys.
    """
    home = _home(stage, "cli")
    arn = _role(stage)
    (home / ".aws" / "credentials").write_text(f"[base]\n{_person(stage, 'cleo').keys}")
    (home / ".aws" / "config").write_text(
        f"[profile work]\nrole_arn = {arn}\nsource_profile = base\nregion = {stage.region}\n"
    )
    environ = _environ(stage, home)
    command = [str(program), "configure", "list", "--profile", "work"]
    _prime(command, environ)
    return Contender("aws configure list", lambda _: command, environ, "assume-role")


def herded_peers(stage: Stage) -> list[Herded]:
    """The peers that can be started at once; aws-mfa asks for a code in each process."""
    tools = make_environment(REQUIREMENTS / "peers.txt").parent
    aws = make_environment(REQUIREMENTS / "clients.txt").parent / "aws"
    export = [str(tools / "aws-export-credentials"), "--profile", "work", "--json"]
    ways = {
        "aws-export-credentials": [*export, "--cache-file", "kept"],
        "awsume": [str(tools / "awsumepy"), "work"],
        "aws configure list": [str(aws), "configure", "list", "--profile", "work"],
    }
    herded = []
    for title, command in ways.items():
        home = _home(stage, f"herd-{title.replace(' ', '-')}")
        noted = write_source(stage, home)
        placed = [str(home / word) if word == "kept" else word for word in command]
        herded.append(Herded(title, placed, _environ(stage, home), noted))
    return herded


def write_source(stage: Stage, home: Path) -> Path:
    """A profile whose credential_process notes each run of it.

    It reads a token from the server with the Vault CLI, and prints one that was made before, in
    the SDKs' words.
    """
    client = _client(stage, "sts")
    found = client.get_federation_token(
        Name="source", DurationSeconds=7200, Policy=json.dumps(POLICY)
    )["Credentials"]
    document = {**found, "Version": 1, "Expiration": found["Expiration"].isoformat()}
    (home / "token").write_text(json.dumps(document))
    source, noted = home / "source", home / "noted"
    reading = [str(vault_binary(_cache(), silent)), "read", f"{MOUNT}/sts/{TOKENS}"]
    settings = _only(stage.environ(), "VAULT_")
    source.write_text(
        "#!/bin/sh\n"
        + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
        + f"echo run >> {noted}\n{shlex.join(reading)} >/dev/null\nexec cat {home / 'token'}\n"
    )
    source.chmod(0o755)
    (home / ".aws" / "config").write_text(
        f"[profile work]\ncredential_process = {source}\nregion = {stage.region}\n"
    )
    noted.touch()
    return noted


def versions() -> str:
    """The peers' versions, as their locks pin them."""
    return ", ".join(
        line.split(" ")[0].replace("==", " ")
        for name in ("peers", "clients")
        for line in (REQUIREMENTS / f"{name}.txt").read_text("utf-8").splitlines()
        if line.startswith(("aws-mfa==", "awsume==", "aws-export", "awscli==", "boto3=="))
    )


@dataclass(frozen=True)
class _Person:
    keys: str
    serial: str
    totp: pyotp.TOTP
    enabled_at: float

    def code(self) -> str:
        """A code that has not been used: that of the step after those that enabled the device."""
        return self.totp.at(int(self.enabled_at + STEP_SECONDS))


def _person(stage: Stage, name: str) -> _Person:
    """An IAM user with a key and an enabled virtual MFA device."""
    iam = _client(stage, "iam")
    iam.create_user(UserName=name)
    everything = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    totp, now = pyotp.TOTP(device["Base32StringSeed"].decode()), time.time()
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp.at(int(now - STEP_SECONDS)),
        AuthenticationCode2=totp.at(int(now)),
    )
    keys = (
        f"aws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    return _Person(keys, device["SerialNumber"], totp, now)


def _role(stage: Stage) -> str:
    """A role that anybody of the account may assume; its ARN."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = _client(stage, "iam").create_role(RoleName="work", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def _client(stage: Stage, service: str) -> Any:
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        endpoint_url=stage.aws.endpoint,
        region_name=stage.region,
        aws_access_key_id=stage.aws.access_key_id,
        aws_secret_access_key=stage.aws.secret_access_key.reveal(),
    )


def _cache() -> Path:
    return Directories.of(os.environ).cache


def _home(stage: Stage, name: str) -> Path:
    home = stage.directory / "homes" / name
    (home / ".aws").mkdir(parents=True)
    return home


def _environ(stage: Stage, home: Path) -> dict[str, str]:
    """A peer's environment: its home and where AWS is; nothing of ours."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": stage.aws.endpoint,
        "AWS_DEFAULT_REGION": stage.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _only(environ: Mapping[str, str], *beginnings: str) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(beginnings)}


def _prime(command: Sequence[str], environ: Mapping[str, str], said: str = "") -> None:
    """Run a peer once so that its cache is filled. Raises CommandFailedError."""
    done = subprocess.run(
        command,
        env=dict(environ),
        cwd=environ["HOME"],
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode != 0:
        raise CommandFailedError(f"{command[0]}: exit {done.returncode}: {done.stderr}")
