"""What a server cannot keep, by what it says of itself."""

from __future__ import annotations

import pytest

from vaultaws.model import ServerHealth, ServerProduct
from vaultaws.vault.abilities import (
    engine_version,
    has_namespaces,
    keeps_root_key,
    lists_static_roles,
    missing,
)

OPENBAO = ServerHealth(ServerProduct.OPENBAO, "2.7.2", True, False, False)
COMMUNITY = ServerHealth(ServerProduct.VAULT, "1.21.1", True, False, False)
ENTERPRISE = ServerHealth(ServerProduct.VAULT, "1.21.1+ent", True, False, False, enterprise=True)
OLD = ServerHealth(ServerProduct.VAULT, "1.18.5", True, False, False)
ODD = ServerHealth(ServerProduct.VAULT, "unknown", True, False, False)
ENTERPRISE_FIELDS = (
    "root.role_arn",
    "root.identity_token_audience",
    "root.identity_token_ttl_seconds",
    "root.rotation_period",
    "root.rotation_schedule",
    "root.rotation_window_seconds",
    "root.disable_automated_rotation",
    "static_roles.assume_role_arn",
    "static_roles.assume_role_session_name",
    "static_roles.external_id",
)


@pytest.mark.parametrize("field", ENTERPRISE_FIELDS)
def test_what_only_enterprise_does(field: str) -> None:
    assert missing(field, ENTERPRISE) is None
    assert "Enterprise only, and this is the community edition" in (missing(field, COMMUNITY) or "")
    assert "Enterprise only, and this is OpenBao" in (missing(field, OPENBAO) or "")


@pytest.mark.parametrize("field", ["sts_region", "sts_fallback_endpoints", "sts_fallback_regions"])
def test_what_the_engine_learned_late(field: str) -> None:
    assert missing(f"root.{field}", COMMUNITY) is None
    assert "drop it in silence" in (missing(f"root.{field}", OPENBAO) or "")
    reason = missing(f"root.{field}", OLD)
    assert reason == "the AWS engine of Vault has it since 1.19; this is 1.18.5"


@pytest.mark.parametrize(
    "field", ["roles.external_id", "roles.session_tags", "root.region", "mount.description"]
)
def test_what_every_server_keeps(field: str) -> None:
    assert {missing(field, server) for server in (OPENBAO, COMMUNITY, ENTERPRISE, OLD)} == {None}


def test_the_engine_behind_the_server() -> None:
    assert [engine_version(server) for server in (OPENBAO, COMMUNITY, OLD, ODD)] == [
        (1, 18),
        (1, 21),
        (1, 18),
        (0, 0),
    ]
    assert [lists_static_roles(server) for server in (OPENBAO, COMMUNITY)] == [False, True]
    assert [keeps_root_key(server) for server in (OPENBAO, COMMUNITY)] == [False, True]


def test_who_has_namespaces() -> None:
    before_it_said_so = ServerHealth(ServerProduct.VAULT, "1.16.3+ent", True, False, False)
    assert all(has_namespaces(server) for server in (OPENBAO, ENTERPRISE, before_it_said_so))
    assert not any(has_namespaces(server) for server in (COMMUNITY, OLD, ODD))
