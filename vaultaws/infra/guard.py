"""What a Terraform plan must not do to an engine, found before it is applied. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from vaultaws.errors import UsageError
from vaultaws.infra.planned import Changed, Planned

ROOT: Final = "/config/root"
OWN: Final = frozenset({"access_key", "secret_key", "region", "iam_endpoint", "sts_endpoint"})


def roots_written(planned: Planned) -> tuple[str, ...]:
    """The mounts whose `config/root` the plan writes, sorted."""
    written = {mount for change in planned.changes for mount in _roots(change)}
    return tuple(sorted(written))


def _roots(change: Changed) -> Iterator[str]:
    """The provider's own resource writes it when made, and when one of these fields differs
    (terraform-provider-vault, vault/resource_aws_secret_backend.go)."""
    if not change.writes:
        return
    if change.path.endswith(ROOT):
        yield change.path.removesuffix(ROOT)
    touched = {each.name for each in change.differences} & OWN
    if change.type == "vault_aws_secret_backend" and (touched or "create" in change.actions):
        yield change.mount


def refuse_lost_keys(mounts: Iterable[str]) -> None:
    """Refuse to write `config/root` of these mounts, which hold a key.

    Engines before Vault 1.19, and OpenBao's, forget the key when a write does not carry it, and a
    write that carries one would undo a rotation (hashicorp/terraform-provider-vault#1601).
    """
    for mount in mounts:
        raise UsageError(
            f"Terraform would write {mount}{ROOT}, which holds the engine's key",
            why="the key would be lost or an old one put back; nothing was done",
            do="take `root` (or the vault_aws_secret_backend) out of the configuration; "
            "vaultaws apply writes config/root",
        )


def moved_paths(planned: Planned) -> tuple[str, ...]:
    """Paths that one resource writes and another deletes: Terraform does both in any order."""
    deleted = {change.path: change.address for change in planned.changes if change.deletes}
    return tuple(
        sorted(
            change.path
            for change in planned.changes
            if change.writes
            and change.path
            and deleted.get(change.path, change.address) != change.address
        )
    )


def refuse_moved(planned: Planned) -> None:
    """Refuse a role that goes from one resource to another: it could end deleted."""
    for path in moved_paths(planned):
        old = next(each for each in planned.changes if each.path == path and each.deletes)
        raise UsageError(
            f"Terraform would write {path} and delete it, in any order",
            why="it goes from one resource to another, and the deletion may come last",
            do=f"terraform state rm '{old.address}', then apply again",
        )
