"""Three hours on tokens of fifteen minutes, on a real server, with a clock that the test moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from botocore.credentials import ContainerProvider

from tests.support.connections import settings_for
from tests.support.logins import write_roles
from tests.support.wired import Wired
from vaultaws.clock import SystemClock
from vaultaws.handoff.serve import Endpoint
from vaultaws.leases.issue import Handed, issue
from vaultaws.leases.journal import Journal
from vaultaws.leases.keeping import Keeper
from vaultaws.leases.request import IssueRequest
from vaultaws.model import Credentials, Secret
from vaultaws.vault.gateway import HvacVault

STEP = timedelta(minutes=4)


class MovedClock(SystemClock):
    """The machine's clock, as far on as the test wants."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


def test_three_hours_of_work_never_see_an_expired_token(wired: Wired, tmp_path: Path) -> None:
    write_roles(wired)
    clock, endpoint, said, keys = MovedClock(), Endpoint(), list[str](), list[str]()
    ends: list[datetime] = []
    vault = HvacVault(settings_for(wired.server), clock)
    with Journal(tmp_path / "journal", clock) as journal:

        def ask() -> Handed:
            return issue(vault, journal, clock, IssueRequest(wired.mount, "reader-sts", 900))

        keeper = Keeper(vault, journal, ask(), anew=ask, say=said.append)

        def source() -> Credentials:
            given = keeper.credentials()
            assert given.expires_at
            ends.append(given.expires_at)
            return given

        with endpoint.serving(source):
            while clock.ahead < timedelta(hours=3):
                found = ContainerProvider(environ=endpoint.environ()).load()
                frozen = found.get_frozen_credentials()
                assert frozen.access_key
                assert frozen.secret_key
                assert frozen.token
                keys.append(frozen.access_key)
                given = Credentials(
                    frozen.access_key, Secret(frozen.secret_key), Secret(frozen.token)
                )
                assert wired.client("sts", given).get_caller_identity()["Account"]
                assert ends[-1] > clock.now() + STEP  # it lasts until this client looks again
                clock.ahead += STEP
                keeper.tend()
                assert len(wired.vault.list_leases(f"{wired.mount}/sts")) <= 3
        assert {one.why for one in keeper.end()} == {""}
        assert all(record.closed for record in journal.ledger().records)
    assert said == []
    assert 12 <= len(set(keys)) <= 24
    assert wired.vault.list_leases(wired.mount) == []
