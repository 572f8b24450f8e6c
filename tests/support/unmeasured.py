"""An environment in which coverage does not measure a process.

Coverage writes its file while a process ends. A second signal that arrives just then makes
it print a traceback, which a test of what an interrupted process says must not see. And it makes
whatever serves a whole run slower, with nothing to tell that other tests do not.
"""

from __future__ import annotations

import os


def unmeasured() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
