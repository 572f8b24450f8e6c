"""`python -m vaultaws`."""

from __future__ import annotations

import gc
import os
import sys

OBJECTS = 50_000


def main() -> None:
    """Run the command line and end the process with its exit code.

    A cached set is handed out before the command line itself is loaded.

    A command is a short run that keeps nearly all it makes: the collector's passes over what
    imports leave behind, and the last one at the end, took a tenth of a whole `creds`.
    """
    gc.set_threshold(OBJECTS, 20, 20)
    arguments = sys.argv[1:]
    if arguments[:1] == ["creds"]:
        from vaultaws.handoff import quick

        code = quick.answer(arguments, os.environ)
        if code is not None:
            sys.exit(code)
    from vaultaws.cli.main import run

    code = run(arguments)
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
