"""What `vaultaws roles` says of a role, also where the token may not look."""

from __future__ import annotations

import pytest

from vaultaws.cli.roles import document, grants, listing, listing_document, text
from vaultaws.leases.offered import Offered
from vaultaws.model import CredentialType, Role

ARN = "arn:aws:iam::123456789012"
PLAIN = Role("plain", CredentialType.SESSION_TOKEN)
USER = Role(
    "user",
    CredentialType.IAM_USER,
    policy_document={"Statement": []},
    policy_arns=(f"{ARN}:policy/a", f"{ARN}:policy/b"),
    iam_groups=("ops",),
    iam_tags=(("team", "data"),),
    user_path="/people/",
    permissions_boundary_arn=f"{ARN}:policy/edge",
)
ASSUMED = Role(
    "assumed",
    CredentialType.ASSUMED_ROLE,
    role_arns=(f"{ARN}:role/x",),
    session_tags=(("a", "b"),),
    external_id="e-1",
    mfa_serial_number="m",
    default_sts_ttl_seconds=900,
    max_sts_ttl_seconds=7200,
)


def test_every_field_is_shown() -> None:
    shown = text(USER, (900, 3600), 2) + text(ASSUMED, None, None)
    for value in (
        "policy/a",
        "policy/b",
        "ops",
        "team = data",
        "/people/",
        "policy/edge",
        "role/x",
        "a = b",
        "e-1",
        "15 min, at most 1 h",
        "live leases     2",
        '"Statement": []',
    ):
        assert value in shown
    assert document(ASSUMED)["session_tags"] == {"a": "b"}
    assert document(USER)["iam_groups"] == ["ops"]


def test_defaults_say_whose_they_are() -> None:
    assert "default ttl     engine's own: 1 h" in text(PLAIN, None, None)
    assert "longest ttl     the mount's longest lease" in text(PLAIN, None, None)
    assert "may not read it" in text(USER, None, None)
    assert "the server's own" in text(USER, (0, 0), None)


def test_the_listing_is_aligned_and_leases_only_stand_where_they_were_counted() -> None:
    roles = (ASSUMED, PLAIN, USER)
    lines = listing(roles, (900, 3600), {"user": 1234}).splitlines()
    assert lines[0].split() == ["NAME", "TYPE", "TTL", "GRANTS", "LEASES"]
    assert lines[1].startswith("assumed  assumed_role   15 min … 2 h")
    assert lines[2].split()[-1] == "—"
    assert lines[3].endswith("inline policy, 2 managed policies, 1 group  1,234")
    assert "LEASES" not in listing(roles, None, {})


def test_what_grants_nothing_says_so() -> None:
    assert grants(PLAIN) == []
    assert "nothing of its own" in listing((PLAIN,), None, {})
    found = listing_document("aws", Offered(("hidden", "plain"), True), (PLAIN,), {})
    assert found["roles"] == ["hidden", "plain"]
    assert found["details"][0]["live_leases"] is None


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb"])
def test_a_hostile_name_cannot_paint_the_terminal(name: str) -> None:
    role = Role(name, CredentialType.IAM_USER)
    assert name not in listing((role,), None, {}) + text(role, None, None)
