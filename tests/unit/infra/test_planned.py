"""Terraform's plan in JSON: what is read of it, what is hidden, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vaultaws.errors import UsageError, VaultRefusedError
from vaultaws.infra.guard import moved_paths, refuse_lost_keys, refuse_moved, roots_written
from vaultaws.infra.planned import HIDDEN, LATER, Planned, document, read_plan


def resource(kind: str, actions: list[str], *, name: str = "x", **change: Any) -> dict[str, Any]:
    return {
        "address": f"{kind}.{name}",
        "type": kind,
        "mode": "managed",
        "change": {"actions": actions, "before": None, "after": None, **change},
    }


def plan(*resources: dict[str, Any], outputs: dict[str, Any] | None = None) -> Planned:
    text = {
        "terraform_version": "1.5.7",
        "resource_changes": list(resources),
        "output_changes": outputs or {},
    }
    return read_plan(json.dumps(text).encode())


def test_what_is_sensitive_is_hidden_and_what_does_not_change_is_left_out() -> None:
    change = plan(
        resource(
            "vault_generic_endpoint",
            ["update"],
            before={"data_json": "old", "path": "aws/roles/a", "tags": ["x", "y"]},
            after={"data_json": "new", "path": "aws/roles/a", "tags": ["x", "z"]},
            before_sensitive={"data_json": True},
            after_sensitive={"tags": [False, True]},
            after_unknown={"id": True},
        ),
        resource("vault_mount", ["no-op"]),
        {**resource("vault_auth_backend", ["read"]), "mode": "data"},
    ).changes[0]
    told = {each.name: (each.old, each.new) for each in change.differences}
    assert told == {
        "data_json": (HIDDEN, HIDDEN),
        "tags": (HIDDEN, HIDDEN),
        "id": (None, LATER),
    }


def test_counts_are_terraforms() -> None:
    planned = plan(
        resource("a", ["create"]),
        resource("b", ["delete", "create"]),
        resource("c", ["update"]),
        resource("d", ["no-op"], importing={"id": "d"}),
        outputs={"one": {"actions": ["create"]}, "two": {"actions": ["no-op"]}},
    )
    told = document(planned, "infra", "blue")
    counts = [told[each] for each in ("add", "change", "destroy", "import", "outputs")]
    assert counts == [2, 1, 1, 1, ["one"]]
    assert not planned.is_empty
    assert plan().is_empty


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"terraform_version": "1", "x": 1'])
def test_what_is_no_plan_is_an_error(text: bytes) -> None:
    with pytest.raises(VaultRefusedError, match="cannot be read"):
        read_plan(text)


def test_every_way_to_write_a_root_is_seen() -> None:
    root = {"path": "team/aws/config/root", "data_json": "{}"}
    own = {"path": "own", "region": "b", "description": ""}
    planned = plan(
        resource("vault_generic_endpoint", ["create"], after=root),
        resource("vault_aws_secret_backend", ["update"], before={**own, "region": "a"}, after=own),
        resource("vault_aws_secret_backend", ["create"], after={"path": "new"}),
    )
    assert roots_written(planned) == ("new", "own", "team/aws")
    harmless = plan(
        resource("vault_generic_endpoint", ["delete"], before=root),
        resource(
            "vault_aws_secret_backend",
            ["update"],
            before={**own, "default_lease_ttl_seconds": 1},
            after={**own, "default_lease_ttl_seconds": 2},
        ),
    )
    assert roots_written(harmless) == ()
    refuse_lost_keys(())
    with pytest.raises(UsageError, match="aws/config/root, which holds the engine's key"):
        refuse_lost_keys(("aws",))


def test_a_role_that_changes_its_resource_is_refused() -> None:
    role = {"backend": "aws", "name": "a"}
    moved = plan(
        resource("vault_aws_secret_backend_role", ["delete"], before=role),
        resource("vault_generic_endpoint", ["create"], after={"path": "aws/roles/a"}),
    )
    assert moved_paths(moved) == ("aws/roles/a",)
    with pytest.raises(UsageError) as error:
        refuse_moved(moved)
    assert "terraform state rm 'vault_aws_secret_backend_role.x'" in error.value.do
    replaced = plan(resource("vault_aws_secret_backend_role", ["delete", "create"], after=role))
    assert moved_paths(replaced) == ()
    refuse_moved(replaced)
