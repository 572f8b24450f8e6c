"""The roles that a resultant ACL names."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultaws.vault.decode_access import roles_named

NAMES = st.sets(st.from_regex(r"[a-z][a-z0-9._@-]{0,12}", fullmatch=True))
MOUNTS = st.sampled_from(["aws", "team/aws", "ns/team/aws"])
HELD = st.sampled_from([["read"], ["update"], ["read", "update"], ["create", "read"]])
WITHHELD = st.sampled_from([["deny"], ["list"], ["create"], ["deny", "read"], []])


@given(MOUNTS, NAMES, NAMES, NAMES, st.tuples(HELD, WITHHELD))
def test_exactly_those_that_may_be_issued_at_this_mount(
    mount: str, creds: set[str], sts: set[str], others: set[str], rules: tuple[list[str], list[str]]
) -> None:
    held, less = rules
    rule = {"capabilities": held}
    exact = {
        **{f"{mount}/{end}/{name}": {"capabilities": less} for end in ENDS for name in others},
        **{f"{mount}/creds/{name}": rule for name in creds},
        **{f"{mount}/sts/{name}": rule for name in sts},
        **{f"x{mount}/creds/{name}": rule for name in others},
        **{f"{mount}/roles/{name}": rule for name in others},
        **{f"{mount}/creds/{name}/deeper": rule for name in others},
        f"{mount}/creds/": rule,
    }
    globs = {f"{mount}/creds/{name}": rule for name in others}
    found = roles_named({"root": False, "exact_paths": exact, "glob_paths": globs}, mount)
    assert found == sorted(creds | sts)


def test_root_and_a_token_without_any_path_name_none() -> None:
    assert roles_named({"root": True}, "aws") == []
    assert roles_named({"root": False, "exact_paths": None}, "aws") == []


ENDS = ("creds", "sts")
