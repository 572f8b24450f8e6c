"""Containment of very many: `python -m benchmarks.containment --users 1000 --tokens 5000`.

The credentials are issued by Vault, then `vaultaws incident contain --everything --yes` is run as
people run it. Meanwhile tokens issued before it are tried with an action they are allowed, on new
connections, until AWS has refused each of them five times in a row: the time of the last of those
proofs counts from the start of the command. In the end `incident verify` is timed, and users,
leases and samples are looked at.

With `--gone 10` so many users are deleted behind Vault's back first, and `vault lease revoke
-prefix` is run on the same set before ours, which then has to finish what that leaves.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import CommandFailedError
from benchmarks.stage import Stage, StageError, open_stage
from benchmarks.steps import say, show
from vaultaws.aws.actions import Action, attempt_with
from vaultaws.aws.pace import Pace, Rate
from vaultaws.aws.proof import TIMES, classify
from vaultaws.aws.sessions import client
from vaultaws.aws.streak import Streak
from vaultaws.aws.users import Users
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise
from vaultaws.local.build import vault_binary
from vaultaws.local.directories import Directories
from vaultaws.model import Credentials
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

MOUNT: Final = "aws"
ROOT_USER: Final = "vault-root"
READ: Final = Action.parse("ec2:DescribeInstances")
POLICIES: Final = Path(__file__).parents[1] / "policies"
ISSUERS: Final = 8
LIMIT_SECONDS: Final = 900
WATCHED: Final = 3
"""Tokens of each type that are tried all the time."""
KINDS: Final = ("federation_token", "assumed_role", "session_token")


@dataclass
class Watched:
    """Tries tokens until each is refused often enough in a row."""

    tokens: Sequence[Credentials]
    region: str
    proved: list[float] = field(default_factory=list)
    allowed: int = 0

    def run(self, started: float, over: threading.Event) -> None:
        with ThreadPoolExecutor(len(self.tokens)) as pool:
            list(pool.map(lambda token: self._watch(token, started, over), self.tokens))

    def _watch(self, token: Credentials, started: float, over: threading.Event) -> None:
        attempt = attempt_with(token, READ, self.region)
        streak = Streak(TIMES)
        while not streak.complete and not over.is_set():
            refusal = attempt()
            self.allowed += refusal is None
            streak = streak.after(classify(refusal))
            time.sleep(0.2)
        if streak.complete:
            self.proved.append(time.perf_counter() - started)


@dataclass(frozen=True)
class Figures:
    """What was measured: seconds from the start of the command, and what was left."""

    issuing: float
    proved: float
    done: float
    allowed: int
    users_left: int
    leases_left: int
    tokens_alive: int
    steps: int
    verified: float
    standings: str
    last_words: str
    prefix: str = ""


def prepare(stage: Stage) -> None:
    """Vault's user, a role in AWS, the mount, and a role of each type."""
    iam = client("iam", credentials=administrator(stage), region=stage.region)
    iam.create_user(UserName=ROOT_USER)
    document = (POLICIES / "vault-root.json").read_text("utf-8")
    iam.put_user_policy(UserName=ROOT_USER, PolicyName="own", PolicyDocument=document)
    reads = (POLICIES / "ec2readonly.json").read_text("utf-8")
    iam.put_user_policy(UserName=ROOT_USER, PolicyName="reads", PolicyDocument=reads)
    key = iam.create_access_key(UserName=ROOT_USER)["AccessKey"]
    account = iam.get_user(UserName=ROOT_USER)["User"]["Arn"].split(":")[4]
    trusted = {"AWS": f"arn:aws:iam::{account}:root"}
    trust = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}]
    made = iam.create_role(
        RoleName="vault-reader",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    iam.put_role_policy(RoleName="vault-reader", PolicyName="reads", PolicyDocument=reads)
    root = {
        "access_key": key["AccessKeyId"],
        "secret_key": key["SecretAccessKey"],
        "region": stage.region,
        "iam_endpoint": stage.aws_endpoint,
        "sts_endpoint": stage.aws_endpoint,
        "sts_region": stage.region,
    }
    for path, data in (
        (f"sys/mounts/{MOUNT}", {"type": "aws"}),
        (f"sys/mounts/{MOUNT}/tune", {"default_lease_ttl": "1h"}),
        (f"{MOUNT}/config/root", root),
        (f"{MOUNT}/roles/iam_user", {"credential_type": "iam_user", "policy_document": reads}),
        (
            f"{MOUNT}/roles/federation_token",
            {"credential_type": "federation_token", "policy_document": reads},
        ),
        (f"{MOUNT}/roles/session_token", {"credential_type": "session_token"}),
        (
            f"{MOUNT}/roles/assumed_role",
            {"credential_type": "assumed_role", "role_arns": [made["Role"]["Arn"]]},
        ),
    ):
        answer = stage.ask(path, data, method="POST")
        if answer.status not in (200, 204):
            raise StageError(f"{path} was answered with {answer.status}: {answer.body}")


def opened(stage: Stage) -> HvacVault:
    """The server, with its root token."""
    token = stage.server.root_token
    return HvacVault(ConnectionSettings(address=stage.server.address, token=token))


def administrator(stage: Stage) -> Credentials:
    return Credentials(stage.aws.access_key_id, stage.aws.secret_access_key)


def issue(stage: Stage, users: int, tokens: int) -> list[Credentials]:
    """Issue all, several at once; the tokens of each type in turn."""
    vault = HvacVault(
        ConnectionSettings(address=stage.server.address, token=stage.server.root_token)
    )
    kinds = [*itertools.islice(itertools.cycle(KINDS), tokens), *["iam_user"] * users]

    def one(kind: str) -> Credentials:
        return vault.issue(MOUNT, kind, sts=kind != "iam_user").credentials

    with vault, ThreadPoolExecutor(ISSUERS) as pool:
        return list(pool.map(one, kinds))


def prefix_revoked(stage: Stage, gone: int) -> str:
    """Delete users behind Vault's back, then let Vault revoke all leases of IAM users by prefix;
    what came of it, in words."""
    users = Users(administrator(stage), stage.region, Pace(rate=Rate(500.0)))
    names = [user.name for user in users.seen(prefix="vault-token-")]
    for name in random.Random(1).sample(names, gone):
        users.clear(name)
        users.delete(name)
    binary = vault_binary(Directories.of(os.environ).cache, show)
    command = [str(binary), "lease", "revoke", "-prefix", "-sync", f"{MOUNT}/creds"]
    environ = {**stage.environ(), "VAULT_ADDR": stage.server.address}
    began = time.perf_counter()
    done = subprocess.run(
        command, env=environ, capture_output=True, check=False, timeout=LIMIT_SECONDS
    )
    seconds = time.perf_counter() - began
    with opened(stage) as vault:
        left = len(vault.list_leases(f"{MOUNT}/creds"))
    return f"exit {done.returncode} after {seconds:.1f} s, {left:,} of {len(names):,} leases left"


def contained(stage: Stage) -> tuple[float, dict[str, Any], str]:
    """Run the command; its seconds, its answer, its last words."""
    environ = {**stage.environ(), "VAULTAWS_AUDIT_LOG": str(stage.server.audit)}
    options = ["--everything", "--no-static-roles", "--mount", MOUNT, "--yes", "--json"]
    seconds, done = timed(stage, environ, "incident", "contain", *options)
    if done.returncode != 0:
        for step in json.loads(done.stdout or "{}").get("steps", ()):
            if step["state"] != "done":
                say(f"{step['id']}: {step['state']}: {step['why']}")
        raise CommandFailedError(f"contain ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return seconds, json.loads(done.stdout), done.stderr


def timed(
    stage: Stage, environ: Mapping[str, str], *command: str
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Run one command as people do; its seconds, and what it answered."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "vaultaws", *command],
        env=environ,
        cwd=stage.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    return time.perf_counter() - started, done


def verified(stage: Stage, name: str) -> tuple[float, str]:
    """Verify the case; the seconds, and how many are dead, alive or unknown."""
    environ = {**stage.environ(), "VAULTAWS_AUDIT_LOG": str(stage.server.audit)}
    seconds, done = timed(stage, environ, "incident", "verify", name, "--json")
    if not done.stdout:
        raise CommandFailedError(f"verify ended with {done.returncode}:\n{done.stderr[-4000:]}")
    counts = json.loads(done.stdout)["counts"]
    return seconds, ", ".join(f"{number:,} {standing}" for standing, number in counts.items())


def measure(stage: Stage, users: int, tokens: int, gone: int) -> Figures:
    """Issue, contain, look."""
    os.environ["AWS_ENDPOINT_URL"] = stage.aws.endpoint
    prepare(stage)
    began = time.perf_counter()
    issued = issue(stage, users, tokens)
    issuing = time.perf_counter() - began
    say(f"{len(issued):,} credentials issued in {issuing:.0f} s")
    prefix = prefix_revoked(stage, gone) if gone else ""
    watched = Watched(issued[: min(tokens, WATCHED * len(KINDS))], stage.region)
    over, started = threading.Event(), time.perf_counter()
    watching = threading.Thread(target=watched.run, args=(started, over))
    watching.start()
    try:
        seconds, answer, words = contained(stage)
    finally:
        over.set()
        watching.join()
    if len(watched.proved) < len(watched.tokens):
        raise CommandFailedError("a token was not proved dead while the command ran")
    verifying, standings = verified(stage, answer["name"])
    return Figures(
        issuing=issuing,
        proved=max(watched.proved, default=0.0),
        done=seconds,
        allowed=watched.allowed,
        users_left=left_users(stage),
        leases_left=left_leases(stage),
        tokens_alive=alive(issued[:tokens], stage.region),
        steps=len(answer["steps"]),
        verified=verifying,
        standings=standings,
        last_words=words[-2000:],
        prefix=prefix,
    )


def left_users(stage: Stage) -> int:
    iam = client("iam", credentials=administrator(stage), region=stage.region)
    pages = iam.get_paginator("list_users").paginate()
    return sum(user["UserName"].startswith("vault-token-") for p in pages for user in p["Users"])


def left_leases(stage: Stage) -> int:
    with opened(stage) as vault:
        return sum(len(vault.list_leases(f"{MOUNT}/{end}")) for end in ("creds", "sts"))


def alive(tokens: Sequence[Credentials], region: str, samples: int = 60) -> int:
    """How many of a sample AWS still lets do what they were allowed."""
    step = max(1, len(tokens) // samples)
    chosen = tokens[::step]
    with ThreadPoolExecutor(ISSUERS) as pool:
        tried = pool.map(lambda token: attempt_with(token, READ, region)(), chosen)
        return sum(refusal is None for refusal in tried)


def report(figures: Figures, users: int, tokens: int) -> None:
    first = [("`vault lease revoke -prefix -sync` before it", figures.prefix)]
    rows: list[tuple[str, str]] = [
        ("IAM users, STS credentials", f"{users:,}, {tokens:,}"),
        *(first if figures.prefix else ()),
        ("STS proved dead after", f"{figures.proved:.1f} s"),
        ("all done after", f"{figures.done:.1f} s"),
        ("steps", f"{figures.steps:,}"),
        ("verify after it", f"{figures.verified:.1f} s"),
        ("its verdicts", figures.standings),
        ("users left, leases left", f"{figures.users_left}, {figures.leases_left}"),
        ("tokens of a sample alive", f"{figures.tokens_alive}"),
    ]
    print("| what | |\n|---|---:|")
    for name, value in rows:
        print(f"| {name} | {value} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="openbao")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=5000)
    parser.add_argument("--gone", type=int, default=0, help="users deleted behind Vault's back")
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(
        f"{datetime.now(UTC).date()} · {os.cpu_count()} cores, {platform.machine()}, "
        f"{platform.system()}, load {load} · Python {platform.python_version()}\n",
        flush=True,
    )
    try:
        with (
            ending_signals_raise(),
            tempfile.TemporaryDirectory(prefix="vaultaws-benchmark-") as place,
            open_stage(options.server, Path(place), show) as stage,
        ):
            print(f"{stage.server.product.label} {stage.server.version}\n", flush=True)
            figures = measure(stage, options.users, options.tokens, options.gone)
            report(figures, options.users, options.tokens)
    except (CommandFailedError, StageError, VaultawsError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
