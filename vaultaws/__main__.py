"""`python -m vaultaws`."""

from __future__ import annotations

import gc
import os
import sys

from vaultaws.descriptors import fill_standard_descriptors

OBJECTS = 50_000


def main() -> None:
    """Run the command line and end the process with its exit code.

    A cached set is handed out before the command line itself is loaded.

    A command is a short run that keeps nearly all it makes: the collector's passes over what
    imports leave behind, and the last one at the end, took a tenth of a whole `creds`.
    """
    gc.set_threshold(OBJECTS, 20, 20)
    arguments = sys.argv[1:]
    filled = fill_standard_descriptors(refuses_output=True)
    code = None if filled else _quickly(arguments)
    if code is None:
        from vaultaws.cli.main import run

        code = run(arguments)
    gc.freeze()
    sys.exit(code)


def _quickly(arguments: list[str]) -> int | None:
    """The exit code of what the short way has done; None when it is for the long way."""
    if arguments[:1] != ["creds"]:
        return None
    from vaultaws.handoff import quick

    return quick.answer(arguments, os.environ)


if __name__ == "__main__":
    main()
