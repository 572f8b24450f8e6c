"""Whatever the value, a shell reads back exactly that value."""

from __future__ import annotations

import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from vaultaws.handoff.shells import quote_posix

# NUL cannot stand in an environment variable; surrogates cannot be encoded.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@settings(deadline=None, max_examples=20)
@given(st.lists(TEXT, min_size=1, max_size=30))
def test_posix_quoting_is_read_back_by_bash(values: list[str]) -> None:
    script = "printf '%s\\0' " + " ".join(quote_posix(value) for value in values)
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    assert done.stdout == b"".join(value.encode() + b"\0" for value in values)
