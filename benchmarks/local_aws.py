"""The local AWS beside plain moto, in one run: `python -m benchmarks.local_aws`.

Both servers run as processes of their own at the same time; rounds alternate between them, so
that whatever else the machine does falls on both. Requests are signed before the clock starts.
Plain moto checks no signature, no permission, and keeps no trail.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import json
import multiprocessing
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.lean_client import Tally, Target, run_clients, signed

HOST = "127.0.0.1"
LEAD_SECONDS = 0.2
WARM_UP_REQUESTS = 30
START_TIMEOUT_SECONDS = 60.0
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
    }
)
THEIRS = "import sys; from moto.server import main; main(sys.argv[1:])"

_numbers = itertools.count()
Sequences = Callable[[Target], list[bytes]]


def iam_user(target: Target) -> list[bytes]:
    """What Vault's engine asks for one iam_user credential."""
    name = f"bench-{os.getpid()}-{next(_numbers)}"
    user = {"Version": "2010-05-08", "UserName": name}
    policy = {"PolicyName": "only", "PolicyDocument": POLICY}
    return [
        signed(target, "iam", {"Action": "CreateUser", **user}),
        signed(target, "iam", {"Action": "PutUserPolicy", **user, **policy}),
        signed(target, "iam", {"Action": "CreateAccessKey", **user}),
    ]


def federation_token(target: Target) -> list[bytes]:
    """What Vault's engine asks for one federation_token credential."""
    asked = {"Name": "bench", "Policy": POLICY, "DurationSeconds": "900"}
    action = {"Action": "GetFederationToken", "Version": "2011-06-15"}
    return [signed(target, "sts", {**action, **asked})]


def caller_identity(target: Target) -> list[bytes]:
    return [signed(target, "sts", {"Action": "GetCallerIdentity", "Version": "2011-06-15"})]


# Users last: moto looks keys up one by one, and would be the slower for those made before.
OPERATIONS: dict[str, Sequences] = {
    "GetCallerIdentity": caller_identity,
    "GetFederationToken": federation_token,
    "CreateUser+PutUserPolicy+CreateAccessKey": iam_user,
}


class BenchmarkError(Exception):
    """A server did not start or did not answer as it should."""


@contextmanager
def our_server() -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as folder:
        state_file = Path(folder) / "state.json"
        command = [sys.executable, "-m", "vaultaws.local.aws", "--state-file", str(state_file)]
        with _process(command):
            state = json.loads(_written(state_file))
            port = int(state["endpoint"].rpartition(":")[2])
            yield Target("vaultaws", HOST, port, state["access_key_id"], state["secret_access_key"])


def _written(path: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise BenchmarkError("the local AWS did not start")
        time.sleep(0.05)
    return path.read_text()


@contextmanager
def plain_moto() -> Iterator[Target]:
    port = _free_port()
    with _process([sys.executable, "-c", THEIRS, "-H", HOST, "-p", str(port)]):
        yield Target("moto", HOST, port, "AKIA" + "0" * 16, "made-up")


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A server that ends with the block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(target: Target) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        try:
            (tally,) = run_clients(HOST, target.port, [caller_identity(target)], 0)
        except OSError:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{target.name} did not start") from None
            time.sleep(0.1)
            continue
        if tally.failed:
            raise BenchmarkError(f"{target.name}: {tally.first_failure}")
        return


def one_round(
    pool: ProcessPoolExecutor, target: Target, make: Sequences, clients: int, requests: int
) -> float:
    """Requests a second. Raises BenchmarkError where one was not answered with 200."""
    lists: list[list[bytes]] = [[] for _ in range(clients)]
    for mine in itertools.cycle(lists):
        if sum(map(len, lists)) >= requests:
            break
        mine.extend(make(target))
    halves = [half for half in (lists[::2], lists[1::2]) if half]
    start_at = time.time() + LEAD_SECONDS
    jobs = [pool.submit(run_clients, target.host, target.port, half, start_at) for half in halves]
    tallies: list[Tally] = [tally for job in jobs for tally in job.result()]
    failures = [tally.first_failure for tally in tallies if tally.failed]
    if failures:
        raise BenchmarkError(f"{target.name}: {failures[0]}")
    answered = sum(tally.answered for tally in tallies)
    return answered / (max(tally.ended_at for tally in tallies) - start_at)


def compare(
    targets: Sequence[Target], clients: Sequence[int], rounds: int, requests: int
) -> Iterator[tuple[str, int, list[float]]]:
    """For each operation and number of clients, the median rate of each target."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        for name, make in OPERATIONS.items():
            for count in clients:
                rates: list[list[float]] = [[] for _ in targets]
                for target in targets:
                    one_round(pool, target, make, count, WARM_UP_REQUESTS)
                for _ in range(rounds):
                    for target, seen in zip(targets, rates, strict=True):
                        seen.append(one_round(pool, target, make, count, requests))
                yield name, count, [statistics.median(seen) for seen in rates]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=600, help="per round and server")
    options = parser.parse_args()
    print(_machine(), end="\n\n")
    print("| operation | clients | plain moto /s | local AWS /s | ratio |")
    print("|---|---:|---:|---:|---:|", flush=True)
    with ExitStack() as servers:
        targets = [servers.enter_context(plain_moto()), servers.enter_context(our_server())]
        for target in targets:
            wait_for(target)
        for name, count, (theirs, ours) in compare(
            targets, options.clients, options.rounds, options.requests
        ):
            row = f"| {name} | {count} | {theirs:,.0f} | {ours:,.0f} | {ours / theirs:.0%} |"
            print(row, flush=True)
    return 0


def _machine() -> str:
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("moto", "botocore")
    )
    today = datetime.now(UTC).date()
    return (
        f"{today} · {os.cpu_count()} cores, {platform.machine()}, {platform.system()} · "
        f"Python {platform.python_version()}, {versions}"
    )


if __name__ == "__main__":
    sys.exit(main())
