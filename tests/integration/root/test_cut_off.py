"""A connection that breaks at any request: nothing is lost, and the next run ends it well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.relay import Asked, CutError, Relay
from tests.support.wired import Wired, must
from vaultaws.clock import SystemClock
from vaultaws.errors import AwsError, VaultawsError, VaultError
from vaultaws.leases.target import Target
from vaultaws.model import StaticRole
from vaultaws.root.facts import RootFacts, observe
from vaultaws.root.journal import Journal, Kind
from vaultaws.root.ready import ready, to_resume
from vaultaws.root.rotate import Rotation, Rotator
from vaultaws.root.side import AwsSide, open_side
from vaultaws.root.static_rotate import StaticRotation, StaticRotator, is_down
from vaultaws.vault.connection import ConnectionSettings
from vaultaws.vault.gateway import HvacVault

CLOCK = SystemClock()


class Line:
    """The way to the server. It breaks at the write of a number: before or after the deed."""

    def __init__(self, wired: Wired) -> None:
        self._breaks: tuple[int, bool] | None = None
        self.relay = Relay(
            wired.server.address,
            before=lambda asked: self._break(asked, before=True),
            after=lambda asked: self._break(asked, before=False),
        )

    def _break(self, asked: Asked, *, before: bool) -> None:
        if self._breaks == (asked.number, before):
            raise CutError

    @contextmanager
    def broken(self, at: int, *, before: bool) -> Iterator[None]:
        self._breaks = (len(self.relay.writes) + at, before)
        yield
        self._breaks = None


@pytest.fixture
def line(wired: Wired) -> Iterator[Line]:
    made = Line(wired)
    yield made
    made.relay.stop()


@pytest.fixture
def vault(wired: Wired, line: Line) -> HvacVault:
    settings = ConnectionSettings(address=line.relay.address, token=wired.server.root_token)
    return HvacVault(settings)


@pytest.fixture
def side(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> AwsSide:
    for name, value in wired.environ({}).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    opened = open_side()
    assert not isinstance(opened, AwsError)
    return opened


@pytest.fixture
def journal(vault: HvacVault, wired: Wired, tmp_path: Path) -> Journal:
    return Journal(tmp_path / "root", Target(vault.address, "", wired.mount), CLOCK)


def say(_: str) -> None:
    """Nobody listens."""


class TestRoot:
    @pytest.fixture
    def run(
        self, wired: Wired, vault: HvacVault, side: AwsSide, journal: Journal
    ) -> Callable[[], Rotation]:
        """One run of `root rotate`, as the command does it."""
        role: dict[str, Any] = {"credential_type": "session_token"}
        must(wired.ask(f"{wired.mount}/roles/own", role))
        rotator = Rotator(vault, side, journal, CLOCK, say, 30.0, late_seconds=2.0)

        def once() -> Rotation:
            facts = observe(vault, wired.mount, side, CLOCK, judged=False)
            begun = journal.unfinished(Kind.ROOT)
            if begun is not None and to_resume(begun.operation, facts):
                return rotator.resume(ready(facts, None, resuming=True), begun.operation)
            return rotator.rotate(ready(facts, None, spare=spare_of(facts, journal)))

        return once

    @pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
    @pytest.mark.parametrize("at", [1, 2, 3, 7, 8])
    def test_whatever_is_cut_the_next_runs_end_it(
        self, wired: Wired, line: Line, run: Callable[[], Rotation], at: int, *, before: bool
    ) -> None:
        """Writes: rotate-root, the probe's role, five questions of IAM, the role's end."""
        first = wired.root_credentials.access_key_id
        trouble: VaultawsError | None = None
        with line.broken(at, before=before):
            try:
                trouble = run().trouble
            except VaultError as error:
                trouble = error
        last = run() if trouble is not None else None
        now = must(wired.ask(f"{wired.mount}/config/root")).body["data"]["access_key"]
        assert now != first
        assert last is None or last.trouble is None
        assert wired.keys_of(wired.root_user) == [now]
        names = must(wired.ask(f"{wired.mount}/roles", method="LIST")).body["data"]["keys"]
        assert names == ["own"]

    def test_an_answer_that_is_lost_is_no_second_rotation(
        self, wired: Wired, line: Line, run: Callable[[], Rotation]
    ) -> None:
        with line.broken(1, before=False):
            done = run()
        assert done.trouble is None
        asked = [write.path for write in line.relay.writes if "rotate-root" in write.path]
        assert len(asked) == 1
        assert wired.keys_of(wired.root_user) == [done.new_key]


def spare_of(facts: RootFacts, journal: Journal) -> str:
    """A key that AWS made and Vault lost: the person names it, as the command told her."""
    return facts.others[0].id if facts.is_blocked else ""


class TestStatic:
    @pytest.fixture
    def rotator(
        self, wired: Wired, vault: HvacVault, side: AwsSide, journal: Journal
    ) -> StaticRotator:
        user = f"vault-app-{wired.mount}"
        wired.client("iam").create_user(UserName=user)
        vault.write_static_role(wired.mount, StaticRole("app", user, 3600))
        return StaticRotator(vault, side, journal, CLOCK, say)

    def once(self, rotator: StaticRotator, mount: str) -> StaticRotation:
        """One run of `static rotate`, as the command does it."""
        begun = rotator.journal.unfinished(Kind.STATIC, "app")
        if begun is not None and is_down(rotator.vault, mount, begun.operation):
            return rotator.resume(mount, begun.operation)
        (role,) = rotator.vault.read_static_roles(mount, ["app"])
        return rotator.rotate(mount, role, rotator.vault.static_key(mount, "app")[0])

    @pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
    @pytest.mark.parametrize("at", [1, 2, 3])
    def test_whatever_is_cut_the_role_comes_back(
        self, wired: Wired, line: Line, rotator: StaticRotator, at: int, *, before: bool
    ) -> None:
        """Writes: the look at the user, the end of the role, the role again."""
        vault, mount, user = rotator.vault, wired.mount, f"vault-app-{wired.mount}"
        first, _ = vault.static_key(mount, "app")
        with line.broken(at, before=before):
            try:
                self.once(rotator, mount)
            except VaultError:
                self.once(rotator, mount)
        now, _ = vault.static_key(mount, "app")
        assert now != first
        assert wired.keys_of(user) == [now]
        assert vault.read_static_roles(mount, ["app"]) == (StaticRole("app", user, 3600),)
        assert rotator.journal.all_unfinished() == ()
