"""The watch: what changed, a server that is away for a while, and its end."""

from __future__ import annotations

import pytest

from tests.support.memory_vault import FixedClock, MemoryVault, memory_vault
from vaultaws.errors import VaultDeniedError, VaultError, VaultSealedError
from vaultaws.leases.inventory import Inventory, take
from vaultaws.leases.watching import Change, as_json, changes, watch

SEALED = VaultSealedError("the server is sealed", why="it is", do="unseal it")


@pytest.fixture
def vault() -> MemoryVault:
    return memory_vault()


def seen(vault: MemoryVault) -> Inventory:
    return take(vault, "aws", vault.clock)


def kinds(found: tuple[Change, ...]) -> list[str]:
    return [change.kind.value for change in found]


def test_what_comes_goes_or_is_renewed_is_told(vault: MemoryVault) -> None:
    lease = vault.issue("aws", "reader", sts=False).lease.id
    first = seen(vault)
    assert kinds(changes(None, first)) == ["appeared"]
    assert changes(first, seen(vault)) == ()
    vault.renew_lease(lease, increment_seconds=9000)
    second = seen(vault)
    assert kinds(changes(first, second)) == ["state"]
    vault.leases.pop(lease)
    (gone,) = changes(second, seen(vault))
    assert as_json(gone, second)["change"] == "ended"
    assert as_json(gone, second)["credential"]["lease_id"] == lease


def run(vault: MemoryVault, faults: list[VaultError | None]) -> list[str]:
    heard: list[str] = []

    def once() -> Inventory:
        fault = faults.pop(0) if faults else None
        if fault is not None:
            raise fault
        return seen(vault)

    watch(
        once,
        vault.clock,
        every_seconds=5,
        for_seconds=22,
        show=lambda _, found: heard.append(",".join(kinds(found)) or "same"),
        lost=lambda fault: heard.append(fault.what),
        back=lambda: heard.append("back"),
    )
    return heard


def test_it_ends_by_itself_with_a_last_look(vault: MemoryVault) -> None:
    clock: FixedClock = vault.clock
    begun = clock.monotonic()
    assert run(vault, []) == ["same"] * 6
    assert clock.monotonic() - begun == 22


def test_a_sealed_server_is_waited_for_and_said_once(vault: MemoryVault) -> None:
    vault.issue("aws", "reader", sts=False)
    heard = run(vault, [None, SEALED, SEALED])
    assert heard == ["appeared", "the server is sealed", "back", "same", "same", "same"]


def test_a_denial_ends_it(vault: MemoryVault) -> None:
    with pytest.raises(VaultDeniedError):
        run(vault, [VaultDeniedError("denied", why="no", do="ask")])
