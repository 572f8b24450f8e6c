"""`python -m tests.support.in_keyring`: keep a set in the session's keyring and say how it went.

Run below a session bus. Two caches stand for two processes: neither sees the other's memory.
"""

from __future__ import annotations

import json
import os
import sys
import time

from vaultaws.cache.cache import open_cache
from vaultaws.cache.entry import Entry
from vaultaws.model import Secret

KEY = "k" * 64
LEASE = "aws/sts/reader/made-up"


def main() -> None:
    secret = sys.stdin.read()
    now = time.time()
    made = Entry("ASIA" + "EXAMPLE0" * 2, Secret(secret), None, now, now + 900, LEASE)
    first, second = open_cache(os.environ), open_cache(os.environ)
    _, first_was_hit = first.obtain(KEY, lambda: made)
    found, second_was_hit = second.obtain(KEY, lambda: made)
    print(
        json.dumps(
            {
                "place": second.describe().name,
                "hits": [first_was_hit, second_was_hit],
                "same": found.secret_access_key == made.secret_access_key,
                "forgotten": first.forget([LEASE]),
                "left": second.look(KEY) is not None,
            }
        )
    )


if __name__ == "__main__":
    main()
