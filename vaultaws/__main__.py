"""`python -m vaultaws`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code.

    A cached set is handed out before the command line itself is loaded.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["creds"]:
        gc.disable()  # one short answer: looking for garbage costs more than there is
        from vaultaws.handoff import quick

        code = quick.answer(arguments, os.environ)
        if code is not None:
            sys.exit(code)
    from vaultaws.cli.main import run

    code = run(arguments)
    gc.freeze()  # the process ends: looking through all that it loaded would take 20 ms
    sys.exit(code)


if __name__ == "__main__":
    main()
