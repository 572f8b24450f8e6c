"""Many roles at once on real servers: whole, in order, and exact about what was done when the
server refuses, is sealed, or the connection breaks."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.support.connections import settings_for
from tests.support.cutter import Cut, Cutter
from tests.support.engine import Engine, a_role
from tests.support.many import Heard, write_all
from tests.support.sealing import unseal_key
from vaultaws.errors import (
    VaultDeniedError,
    VaultRefusedError,
    VaultSealedError,
    VaultUnreachableError,
)
from vaultaws.local.servers.base import RunningServer
from vaultaws.model import CredentialType, Role, Secret
from vaultaws.vault.errors import LostAnswerError, MountMissingError
from vaultaws.vault.gateway import HvacVault

LIST_SOME = """
path "sys/leases/lookup/{mount}/+/first" {{ capabilities = ["list", "sudo"] }}
path "{mount}/roles/*" {{ capabilities = ["read", "update", "create"] }}
path "{mount}/roles/r050" {{ capabilities = ["deny"] }}
"""


def many(count: int = 120) -> list[Role]:
    return [a_role(f"r{number:03}") for number in range(count)]


def names(roles: list[Role]) -> list[str]:
    return [role.name for role in roles]


def stored(vault: HvacVault, mount: str) -> set[str]:
    return set(vault.list_roles(mount))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def vault(server: RunningServer) -> Iterator[HvacVault]:
    with HvacVault(settings_for(server)) as opened:
        yield opened


@pytest.fixture
def mount(vault: HvacVault) -> str:
    name = f"aws-{secrets.token_hex(4)}"
    vault.enable_aws(name)
    return name


@contextmanager
def through(server: RunningServer, verdict: Callable[[int], Cut]) -> Iterator[HvacVault]:
    """The server behind a relay that may cut."""
    with Cutter(server.address, verdict) as cutter:
        settings = replace(settings_for(server), address=cutter.address)
        with HvacVault(settings) as vault:
            yield vault


class TestWhole:
    def test_written_and_read_in_the_order_asked_for(self, vault: HvacVault, mount: str) -> None:
        roles, heard = many(), Heard()
        write_all(vault, mount, roles, heard)
        assert heard == dict.fromkeys(names(roles))
        backwards = roles[::-1]
        assert vault.read_roles(mount, names(backwards)) == tuple(backwards)

    def test_one_that_vanished_is_left_out(self, vault: HvacVault, mount: str) -> None:
        roles = many(9)
        write_all(vault, mount, roles)
        vault.delete_role(mount, "r004")
        assert vault.read_roles(mount, names(roles)) == (*roles[:4], *roles[5:])

    def test_a_missing_mount_is_no_empty_answer(self, vault: HvacVault) -> None:
        with pytest.raises(MountMissingError, match="team/none/"):
            vault.read_roles("team/none", names(many()))

    def test_leases_are_counted_by_role_over_both_endpoints(self, engine: Engine) -> None:
        vault, mount = engine.vault, engine.mount
        for name in ("first", "second", "third"):
            vault.write_role(mount, a_role(name))
        issued = [vault.issue(mount, "first", sts=sts) for sts in (False, False, True)]
        issued.append(vault.issue(mount, "third", sts=False))
        asked = ["third", "second", "first", "none"]
        assert list(vault.count_leases(mount, asked).items()) == [
            ("third", 1),
            ("second", 0),
            ("first", 3),
            ("none", 0),
        ]
        with person(engine) as reader:
            assert reader.count_leases(mount, asked) == {
                "third": None,
                "second": None,
                "first": 3,
                "none": None,
            }
        for answer in issued:
            vault.revoke_lease(answer.lease.id)


@contextmanager
def person(engine: Engine) -> Iterator[HvacVault]:
    """A token with few rights on the engine's mount."""
    name, rules = f"p-{secrets.token_hex(4)}", LIST_SOME.format(mount=engine.mount)
    engine.vault.write_acl_policy(name, rules)
    made = engine.vault.write("auth/token/create", {"policies": [name], "ttl": "5m"})
    assert made is not None
    token = Secret(made["auth"]["client_token"])
    with HvacVault(replace(engine.settings, token=token)) as vault:
        yield vault


def assert_exact(vault: HvacVault, mount: str, roles: list[Role], heard: Heard) -> None:
    """What was said to be written is there; what was refused or never tried is not. A lost
    answer says neither."""
    there = stored(vault, mount)
    unknown = {name for name, fault in heard.items() if isinstance(fault, LostAnswerError)}
    written = {name for name, fault in heard.items() if fault is None}
    assert written <= there <= written | unknown
    assert there < set(names(roles))
    assert len(heard) < len(roles)


class TestRefused:
    def test_a_refused_write_ends_it_and_both_sides_are_known(
        self, vault: HvacVault, mount: str
    ) -> None:
        roles, heard = many(), Heard()
        roles[50] = replace(roles[50], credential_type=CredentialType.SESSION_TOKEN)
        with pytest.raises(VaultRefusedError, match="roles/r050"):
            write_all(vault, mount, roles, heard)
        assert {name for name, fault in heard.items() if fault} == {"r050"}
        assert_exact(vault, mount, roles, heard)

    def test_a_denied_one_ends_reads_and_writes(self, engine: Engine) -> None:
        roles, heard = many(), Heard()
        with person(engine) as writer:
            with pytest.raises(VaultDeniedError, match="roles/r050"):
                write_all(writer, engine.mount, roles, heard)
            with pytest.raises(VaultDeniedError, match="roles/r050"):
                writer.read_roles(engine.mount, names(roles))
        assert_exact(engine.vault, engine.mount, roles, heard)


class TestCut:
    @pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
    def test_reads_outlive_connections_that_break(
        self, server: RunningServer, vault: HvacVault, mount: str, cut: Cut
    ) -> None:
        roles = many()
        write_all(vault, mount, roles)
        with through(server, lambda number: cut if number % 25 == 0 else Cut.NOT) as relayed:
            assert relayed.read_roles(mount, names(roles)) == tuple(roles)

    def test_reads_end_when_the_server_stays_away(
        self, server: RunningServer, vault: HvacVault, mount: str
    ) -> None:
        roles = many()
        write_all(vault, mount, roles)
        with (
            through(server, lambda number: Cut.NOT if number < 40 else Cut.BEFORE) as relayed,
            pytest.raises(VaultUnreachableError, match="broke off"),
        ):
            relayed.read_roles(mount, names(roles))

    @pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
    def test_a_write_that_broke_off_is_not_called_written_nor_refused(
        self, server: RunningServer, vault: HvacVault, mount: str, cut: Cut
    ) -> None:
        roles, heard = many(), Heard()
        with (
            through(server, lambda number: cut if number == 40 else Cut.NOT) as relayed,
            pytest.raises(LostAnswerError) as caught,
        ):
            write_all(relayed, mount, roles, heard)
        assert "may have taken effect" in caught.value.do
        (lost,) = (name for name, fault in heard.items() if fault)
        assert (lost in stored(vault, mount)) == (cut is Cut.AFTER)
        assert_exact(vault, mount, roles, heard)


class TestSealed:
    def test_writes_and_reads_end_when_the_server_is_sealed_midway(
        self, own_server: RunningServer
    ) -> None:
        roles, heard, key = many(400), Heard(), unseal_key(own_server)
        with HvacVault(settings_for(own_server)) as operator:
            operator.enable_aws("aws")

            def seal_in_the_middle(number: int) -> Cut:
                if number == 60:
                    operator.write("sys/seal", {})
                return Cut.NOT

            with through(own_server, seal_in_the_middle) as relayed:
                with pytest.raises(VaultSealedError, match="is sealed"):
                    write_all(relayed, "aws", roles, heard)
                operator.write("sys/unseal", {"key": key})
                faults = [fault for fault in heard.values() if fault]
                assert {type(fault) for fault in faults} == {VaultSealedError}
                there = stored(operator, "aws")
                assert {name for name, fault in heard.items() if not fault} <= there <= set(heard)
            write_all(operator, "aws", roles)
            with (
                through(own_server, seal_in_the_middle) as relayed,
                pytest.raises(VaultSealedError, match="is sealed"),
            ):
                relayed.read_roles("aws", names(roles))
            operator.write("sys/unseal", {"key": key})
            assert operator.read_roles("aws", names(roles)) == tuple(roles)
