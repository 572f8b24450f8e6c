"""The person's shell as `vaultaws exec` opens it, without a server.

    python -m tests.support.shell_run LABEL DIRECTORY SECONDS

DIRECTORY is where its files go; the credentials end in SECONDS (`-` when they have no end).
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from vaultaws.clock import SystemClock
from vaultaws.handoff import shell
from vaultaws.handoff.child import run_child, scrubbed


def main(label: str, directory: str, seconds: str) -> int:
    environ = scrubbed(os.environ)
    opened = shell.prepare(Path(directory), label, environ)
    end = None if seconds == "-" else SystemClock().now() + timedelta(seconds=int(seconds))
    opened.moved(end)
    code = run_child(opened.command, {**environ, **opened.environ}, end_with=shell.END_WITH)
    print(f"ended: {code}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
