"""Free ports on the loopback address."""

from __future__ import annotations

import socket
from contextlib import closing

from vaultaws.errors import StackError

LOOPBACK = "127.0.0.1"
ATTEMPTS = 50


def free_port() -> int:
    """Return a port that is free now, and whose next one is: dev servers take both.

    Another process may take it before the server does; callers try again then.
    """
    for _ in range(ATTEMPTS):
        with closing(socket.socket()) as first, closing(socket.socket()) as second:
            first.bind((LOOPBACK, 0))
            port: int = first.getsockname()[1]
            try:
                second.bind((LOOPBACK, port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise StackError(
        "no free port was found on 127.0.0.1",
        why=f"{ATTEMPTS} tries met a taken one",
        do="close programs that hold many ports, and run again",
    )
