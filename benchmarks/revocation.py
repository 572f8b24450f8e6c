"""Revoking very many leases of which some users are gone: `python -m benchmarks.revocation`.

Each contender gets a mount of its own with as many IAM users, of which the same share was deleted
behind the server's back, and is given one run. What counts is what is left, in Vault and in IAM.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.stage import Stage, StageError, open_stage
from vaultaws.aws.pace import Pace, Rate
from vaultaws.aws.users import Users
from vaultaws.errors import VaultawsError
from vaultaws.interrupts import ending_signals_raise
from vaultaws.local.build import vault_binary
from vaultaws.local.directories import Directories
from vaultaws.model import Credentials
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

POLICY: Final = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", '
    '"Resource": "*"}]}'
)
AT_ONCE: Final = 8
SECONDS: Final = 600
QUIET_SECONDS: Final = 15.0
"""What a queue has not done in this long is left, as far as this run goes."""


@dataclass(frozen=True)
class Contender:
    """A way to revoke all leases below a prefix. A queue goes on after the command has ended."""

    title: str
    command: tuple[str, ...]
    queues: bool = False


@dataclass(frozen=True)
class Figures:
    """What one run came to. `seconds` is until nothing more happened."""

    title: str
    code: int
    seconds: float
    leases_left: int
    users_left: int


def contenders(binary: Path, mount: str) -> tuple[Contender, ...]:
    """Vault's own way, waited for and queued, and ours."""
    vault = (str(binary), "lease", "revoke", "-prefix")
    ours = (sys.executable, "-m", "vaultaws", "leases", "revoke", "--all", "--yes")
    return (
        Contender("vault lease revoke -prefix -sync", (*vault, "-sync", f"{mount}/creds")),
        Contender("vault lease revoke -prefix", (*vault, f"{mount}/creds"), queues=True),
        Contender("vaultaws leases revoke --all", ours),
    )


class Mount:
    """A mount with one role of IAM users, and what hangs on it."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage, self.name = stage, name
        self._vault = HvacVault(ConnectionSettings(stage.server.address, stage.server.root_token))
        self._users = Users(
            Credentials(stage.aws.access_key_id, stage.aws.secret_access_key),
            stage.region,
            Pace(rate=Rate(500.0)),
        )

    def make(self) -> None:
        key = {
            "access_key": self.stage.aws.access_key_id,
            "secret_key": self.stage.aws.secret_access_key.reveal(),
            "region": self.stage.region,
            "iam_endpoint": self.stage.aws_endpoint,
            "sts_endpoint": self.stage.aws_endpoint,
        }
        self._write(f"sys/mounts/{self.name}", {"type": "aws"})
        self._write(f"{self.name}/config/root", key)
        role = {"credential_type": "iam_user", "policy_document": POLICY}
        self._write(f"{self.name}/roles/{self.name}", role)

    def _write(self, path: str, data: dict[str, str]) -> None:
        answer = self.stage.ask(path, data, method="POST")
        if answer.status not in (200, 204):
            raise StageError(f"{path} was answered with {answer.status}: {answer.body}")

    def issue(self, count: int) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(
                pool.map(lambda _: self._vault.issue(self.name, self.name, sts=False), range(count))
            )

    def delete_some(self, count: int, seed: int) -> None:
        """Delete users behind the server's back: the same places in the list for each."""
        for name in random.Random(seed).sample(self.users(), count):
            self._users.clear(name)
            self._users.delete(name)

    def users(self) -> list[str]:
        return [user.name for user in self._users.seen() if f"-{self.name}-" in user.name]

    def leases(self) -> int:
        return len(self._vault.list_leases(f"{self.name}/creds"))


def measured(mount: Mount, contender: Contender) -> Figures:
    """Run one contender to its end, and its queue until nothing moves any more."""
    environ = {**mount.stage.environ(), "VAULTAWS_MOUNT": mount.name, "VAULTAWS_CACHE": "off"}
    started = time.monotonic()
    done = subprocess.run(
        contender.command, env=environ, capture_output=True, timeout=SECONDS, check=False
    )
    ended = time.monotonic()
    left = mount.leases()
    while contender.queues and left and time.monotonic() - ended < QUIET_SECONDS:
        time.sleep(0.5)
        now = mount.leases()
        ended = time.monotonic() if now != left else ended
        left = now
    return Figures(contender.title, done.returncode, ended - started, left, len(mount.users()))


def run(stage: Stage, binary: Path, leases: int, gone: int, seed: int) -> Sequence[Figures]:
    """Give each contender its own leases, one contender after another."""
    figures = []
    for number in range(len(contenders(binary, ""))):
        mount = Mount(stage, f"aws{number}{secrets.token_hex(2)}")
        mount.make()
        mount.issue(leases)
        mount.delete_some(gone, seed)
        figures.append(measured(mount, contenders(binary, mount.name)[number]))
        stage.ask(f"sys/leases/revoke-force/{mount.name}", {}, method="PUT")
        stage.unmount(mount.name)
    return figures


def show(what: str, seconds: float) -> None:
    """Builds take minutes; nobody needs to hear more of them here."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leases", type=int, default=1000)
    parser.add_argument("--gone", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    binary = vault_binary(Directories.of(os.environ).cache, show)
    try:
        with (
            ending_signals_raise(),
            tempfile.TemporaryDirectory(prefix="vaultaws-benchmark-") as place,
            open_stage("vault", Path(place), show) as stage,
        ):
            os.environ["AWS_ENDPOINT_URL"] = stage.aws.endpoint
            print(
                f"{datetime.now(UTC).date()} · {os.cpu_count()} cores, {platform.machine()}, "
                f"load {load} · Vault {stage.server.version} · {options.leases:,} leases, "
                f"{options.gone} users gone\n"
            )
            figures = run(stage, binary, options.leases, options.gone, options.seed)
    except (StageError, VaultawsError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("| command | exit | s | leases left | users left |\n|---|---:|---:|---:|---:|")
    for one in figures:
        print(
            f"| `{one.title}` | {one.code} | {one.seconds:.1f} | {one.leases_left:,} "
            f"| {one.users_left:,} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
