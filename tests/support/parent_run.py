"""A process whose only work is `run_child`: how it ended is its last line and its exit code.

python -m tests.support.parent_run [--end-with SIGHUP] COMMAND…
"""

from __future__ import annotations

import os
import signal
import sys

from vaultaws.descriptors import fill_standard_descriptors
from vaultaws.handoff.child import run_child, scrubbed


def main(arguments: list[str]) -> int:
    fill_standard_descriptors()
    end_with = None
    if arguments[0] == "--end-with":
        end_with = signal.Signals[arguments[1]]
        arguments = arguments[2:]
    code = run_child(
        arguments, scrubbed(os.environ), end_with=end_with, say=lambda text: print(text, flush=True)
    )
    print(f"ended: {code}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
