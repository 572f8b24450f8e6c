"""What is written is what is read: any role of any type, any root, on real servers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.connections import settings_for
from tests.support.engine_values import roles, roots
from tests.support.wired import Wired
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import CredentialType, Role, Secret, StaticRole
from vaultaws.vault.defaults import normal, normal_root, normal_static
from vaultaws.vault.gateway import HvacVault

on_one_mount = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def vault(server: RunningServer) -> Iterator[HvacVault]:
    with HvacVault(settings_for(server)) as opened:
        yield opened


@pytest.fixture
def mount(vault: HvacVault) -> str:
    name = f"aws-{secrets.token_hex(4)}"
    vault.enable_aws(name)
    return name


@on_one_mount
@given(role=roles())
def test_a_role_is_read_as_it_was_written(vault: HvacVault, mount: str, role: Role) -> None:
    vault.write_role(mount, role)
    (found,) = vault.read_roles(mount, [role.name])
    assert normal(found) == normal(role)
    assert found == vault.read_role(mount, role.name)


@on_one_mount
@given(before=roles(), after=roles())
def test_a_write_leaves_nothing_of_the_role_before(
    vault: HvacVault, mount: str, before: Role, after: Role
) -> None:
    vault.write_role(mount, Role(**{**vars(before), "name": after.name}))
    vault.write_role(mount, after)
    assert normal(vault.read_role(mount, after.name)) == normal(after)


def test_tags_beyond_the_first_plane_are_kept_apart(vault: HvacVault, mount: str) -> None:
    """Found by the property above: Vault 1.21.1 took the two keys for one and failed."""
    tags = (("\U00010000", "a"), ("\U00010001", "b"))
    vault.write_role(mount, Role("r0", CredentialType.IAM_USER, iam_tags=tags))
    assert vault.read_role(mount, "r0").iam_tags == tags


@on_one_mount
@given(data=st.data())
def test_a_root_is_read_as_it_was_written(
    vault: HvacVault, mount: str, data: st.DataObject
) -> None:
    """Over whatever an earlier example left: fields are cleared too."""
    root = data.draw(roots(vault.health()))
    vault.write_root(mount, root, Secret("s" * 40))
    found = vault.read_root(mount)
    assert found is not None
    assert normal_root(found) == normal_root(root)


@pytest.fixture
def static_role(wired: Wired) -> StaticRole:
    """One that exists: a new one makes a key in AWS."""
    user = f"vault-{secrets.token_hex(4)}"
    wired.client("iam").create_user(UserName=user)
    role = StaticRole("static", user, 3600)
    wired.vault.write_static_role(wired.mount, role)
    return role


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(period=st.integers(60, 10**8))
def test_a_static_role_is_read_as_it_was_written(
    wired: Wired, static_role: StaticRole, period: int
) -> None:
    role = replace(static_role, rotation_period_seconds=period)
    wired.vault.write_static_role(wired.mount, role)
    (found,) = wired.vault.read_static_roles(wired.mount, [role.name])
    assert normal_static(found) == normal_static(role)


@pytest.mark.parametrize("kind", CredentialType)
def test_what_is_not_declared_is_read_as_not_declared(
    vault: HvacVault, mount: str, kind: CredentialType
) -> None:
    """Written by hand, with a type and nothing else."""
    vault.write(f"{mount}/roles/bare", {"credential_type": kind.value})
    assert normal(vault.read_role(mount, "bare")) == Role("bare", kind)
