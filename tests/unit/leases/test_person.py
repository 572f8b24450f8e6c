"""Names as Vault gives them, and as people know them."""

from __future__ import annotations

import pytest

from vaultaws.leases.person import readable


@pytest.mark.parametrize(
    ("display_name", "username", "entity_id", "expected"),
    [
        ("userpass-ada", "", "e", "ada"),
        ("userpass-ada", "ada", "e", "ada"),
        ("corp-ldap-ada", "ada", "e", "ada"),
        ("corp-ldap-ada", "", "e", "corp-ldap-ada"),
        ("oidc-ada@corp.example", "", "", "ada@corp.example"),
        ("userpass-jean-luc", "jean-luc", "", "jean-luc"),
        ("userpass-", "", "e", "userpass-"),
        ("approle", "", "e", "approle"),
        ("token", "", "", "token"),
        ("root", "", "", "root"),
        ("", "", "e1", "e1"),
        ("", "", "", "unknown"),
        ("userpass-ada", "mallory", "e", "ada"),
    ],
)
def test_readable(display_name: str, username: str, entity_id: str, expected: str) -> None:
    assert readable(display_name, username=username, entity_id=entity_id) == expected
