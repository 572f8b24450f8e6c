"""`python -m vaultaws`."""

from __future__ import annotations

import gc
import sys
from typing import Final

OBJECTS: Final = 50_000


def main() -> None:
    """Run the command line and end the process with its exit code.

    A command is a short run that keeps nearly all it makes: the collector's passes over what
    imports leave behind, and the last one at the end, took a tenth of a whole `creds`.
    """
    gc.set_threshold(OBJECTS, 20, 20)
    from vaultaws.cli.main import run

    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
