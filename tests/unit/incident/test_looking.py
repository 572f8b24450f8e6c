"""What an observation leaves unknown."""

from __future__ import annotations

from tests.support.incidents import AT
from tests.support.memory_operators import MemoryServer
from tests.support.memory_vault import FixedClock
from tests.unit.incident.test_users import MemoryIam
from vaultaws.errors import VaultSealedError
from vaultaws.incident.looking import Looking, Sources
from vaultaws.incident.model import Scope
from vaultaws.leases.ledger import Ledger


def test_a_look_that_was_blind_makes_nothing_known() -> None:
    clock = FixedClock(AT)
    sources = Sources(MemoryServer(clock), MemoryIam([]), "aws", clock, Ledger())
    look = Looking(sources, Scope(everything=True), unseen={"b": "now"})
    before = {"a": "then", "b": "then"}
    assert look.still_unseen(before) == {"b": "now"}
    look.vault_fault(VaultSealedError("it is sealed", why="somebody sealed it", do="unseal it"))
    assert look.still_unseen(before) == {"a": "then", "b": "now"}
