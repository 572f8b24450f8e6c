"""`python -m vaultaws.local.aws`: the local AWS as a process of its own.

When it answers, it writes one JSON line with its endpoint and secrets to the state file, which
only the user can read; nothing secret is in its arguments or output. It ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from vaultaws.errors import LocalStateError, UsageError, VaultawsError
from vaultaws.interrupts import handled
from vaultaws.local.aws.serve import DEFAULT_REGION, LocalAws
from vaultaws.local.aws.settings import LocalAwsSettings, SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end. Exit codes as in `vaultaws.errors`."""
    options = _parser().parse_args(arguments)
    try:
        _serve(options)
    except VaultawsError as error:
        sys.stderr.write(f"{error.what}\n{error.why}\n{error.do}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vaultaws.local.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--account-id", default="", help="12 digits; made up when left out")
    parser.add_argument("--region", default=DEFAULT_REGION)
    parser.add_argument("--state-file", type=Path, required=True)
    parser.add_argument("--iam-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--trail-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--fault-rate", type=float, default=0.0, metavar="SHARE")
    parser.add_argument("--seed", type=int, help="repeat jitter and faults")
    parser.add_argument("--deliver", type=Path, metavar="DIRECTORY", help="for log files")
    return parser


def _serve(options: argparse.Namespace) -> None:
    ended = threading.Event()
    ending = handled((signal.SIGTERM, signal.SIGINT), lambda *_: ended.set())
    with ending, _local_aws(options) as aws:
        write_state(options.state_file, aws)
        aws.warm()
        ended.wait()


def _local_aws(options: argparse.Namespace) -> LocalAws:
    if options.account_id and not re.fullmatch(r"[0-9]{12}", options.account_id):
        raise UsageError(
            "the account id is wrong", why="it is 12 digits", do="leave it out, or correct it"
        )
    if not 0 <= options.port <= 65_535:
        raise UsageError(
            "the port is wrong", why="it is a number from 0 to 65535", do="use 0 for a free one"
        )
    try:
        settings = LocalAwsSettings().changed(
            {
                "iam_delay": options.iam_delay,
                "trail_delay": options.trail_delay,
                "fault_rate": options.fault_rate,
            }
        )
    except SettingsError as error:
        raise UsageError(
            "a setting of the local AWS is wrong", why=str(error), do="correct it"
        ) from error
    return LocalAws(
        port=options.port,
        account_id=options.account_id,
        region=options.region,
        settings=settings,
        log_directory=options.deliver,
        seed=options.seed,
    )


def write_state(path: Path, aws: LocalAws) -> None:
    """Write the state file in one step, readable by the user alone. Raises LocalStateError."""
    state = {
        "endpoint": aws.endpoint,
        "account_id": aws.account_id,
        "region": aws.region,
        "access_key_id": aws.admin.access_key_id,
        "secret_access_key": aws.admin.secret_access_key.reveal(),
        "control_token": aws.control_token.reveal(),
        "pid": os.getpid(),
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(state) + "\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise LocalStateError(
            "the local AWS cannot write its state file",
            why=f"{path}: {error.strerror}",
            do="give it a directory that it may write to, on a disk with room",
        ) from error


if __name__ == "__main__":
    sys.exit(main())
