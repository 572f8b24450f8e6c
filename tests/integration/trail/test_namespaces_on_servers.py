"""Two mounts of one name, in the root namespace and in another, with one audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.connections import make_user, policy, settings_for
from tests.support.engine import a_role
from tests.support.people import declare, operator
from tests.support.places import here
from tests.support.wired import Wired, must, root_config
from vaultaws.model import CredentialType, ServerProduct
from vaultaws.vault.gateway import HvacVault

pytestmark = pytest.mark.integration
NOW = ("--since", "10m", "--lag", "0s", "--no-orphans")
ROLE = a_role("reader-sts", CredentialType.FEDERATION_TOKEN)


@pytest.fixture
def namespaced(wired: Wired) -> Iterator[tuple[str, HvacVault, Wired]]:
    """A namespace with a mount of the same name, of another IAM user."""
    name = f"team-{wired.mount}"
    must(wired.ask(f"sys/namespaces/{name}", {}))
    user = make_user(wired.aws, f"{wired.root_user}-team", policy("vault-root"))
    there = replace(wired, root_user=user.name, root_credentials=user.key)
    must(wired.ask(f"{name}/sys/mounts/{wired.mount}", {"type": "aws"}))
    must(wired.ask(f"{name}/{wired.mount}/config/root", root_config(there)))
    yield name, HvacVault(replace(settings_for(wired.server), namespace=name)), there
    must(wired.ask(f"{name}/sys/leases/revoke-force/{wired.mount}", method="PUT"))
    must(wired.ask(f"{name}/sys/mounts/{wired.mount}", method="DELETE"))
    must(wired.ask(f"sys/namespaces/{name}", method="DELETE"))


def rows(out: str) -> dict[str, Any]:
    return {row["access_key_id"]: row for row in json.loads(out)["credentials"]}


def is_said_to_be_in_the_root_one(wired: Wired, folder: Path) -> None:
    """The community's Vault ignores the name of a namespace."""
    declare(wired, folder, "")
    shell = operator(wired, folder, VAULT_NAMESPACE="team")
    code, out, _ = here(shell, "trail", "check", *NOW)
    assert code == 0
    assert "no issuance of this mount in namespace team, only in the root one" in out


def test_each_namespace_s_mount_has_its_own_check(
    wired: Wired, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    wired.vault.write_role(wired.mount, ROLE)
    mine = wired.vault.issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    if wired.server.product is not ServerProduct.OPENBAO:
        is_said_to_be_in_the_root_one(wired, tmp_path)
        return
    name, vault, _ = request.getfixturevalue("namespaced")
    vault.write_role(wired.mount, ROLE)
    theirs = vault.issue(wired.mount, "reader-sts", sts=True, ttl_seconds=900)
    must(wired.ask(f"{name}/sys/leases/revoke-prefix/{wired.mount}", method="PUT"))
    declare(wired, tmp_path, "")
    shell = operator(wired, tmp_path)

    code, out, said = here(shell, "trail", "check", *NOW, "--json")
    assert code == 0, (out, said)
    told = rows(out)
    assert set(told) == {mine.credentials.access_key_id}
    assert told[mine.credentials.access_key_id]["lease_revoked_at"] is None

    inside = replace(shell, more={**shell.more, "VAULT_NAMESPACE": name})
    code, out, said = here(inside, "trail", "check", *NOW, "--json")
    told = rows(out)
    assert set(told) == {theirs.credentials.access_key_id}, (code, out, said)
    row = told[theirs.credentials.access_key_id]
    assert row["evidence"]["namespace"] == name
    assert row["standing"] == "explained"
    assert row["lease_revoked_at"] is not None
    assert row["alive_beyond_lease_until"] is not None
    assert code == 3
    listed = here(shell, "leases", "list", "--json")[1]
    leases = [row["lease_id"] for row in json.loads(listed)["credentials"]]
    assert leases == [mine.lease.id]
