"""A lift that is killed before, in the middle of or after any deed: the next one ends it, and
nothing is undone that was not done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.support.incidents import AT, PLACE
from tests.support.judged import ROLE, ROOT, canary_step, deny_step, token
from tests.support.memory_operators import MemoryServer, memory_server
from tests.support.memory_vault import FixedClock
from vaultaws.aws.cutoff import Holder
from vaultaws.aws.users import Stopped
from vaultaws.incident import denyblock
from vaultaws.incident.journal import Cases, Writer
from vaultaws.incident.lift import Hands, lift
from vaultaws.incident.lifting import plan
from vaultaws.incident.model import Case, Scope, Step, StepKind, StepState
from vaultaws.incident.restoring import Wished

OTHERS = 'path "secret/*" { capabilities = ["deny"] }\n'
PATHS = ["aws/creds/reader"]
LATER = AT + timedelta(days=9)
CANARY = canary_step("federation_token", ROOT)
STOPPED = Step(StepKind.STOP_USER, "bob")
STEPS = (
    deny_step(ROOT),
    deny_step(ROLE),
    Step(StepKind.DENY_ISSUANCE, "aws", {"paths": PATHS}),
    Step(StepKind.DISABLE_ENTITY, "entity-zoe", {"name": "zoe"}),
    STOPPED,
    CANARY,
)
MOST_INSTANTS = 40


class KilledError(BaseException):
    """Kill -9, as far as the code can tell: nothing after it runs."""


@dataclass
class World:
    """What a lift works on, and the instant at which it is killed: counted over all that it does,
    one before and one after each deed, and each line of its journal."""

    vault: MemoryServer
    kill_at: int = 0
    instants: int = 0
    denied: set[Holder] = field(default_factory=lambda: {ROOT, ROLE})
    kept: set[str] = field(default_factory=lambda: {CANARY.id})
    bob: dict[str, bool] = field(default_factory=lambda: {"own": False, "off": False})

    def instant(self) -> None:
        self.instants += 1
        if self.instants == self.kill_at:
            raise KilledError

    @contextmanager
    def deed(self) -> Iterator[None]:
        self.instant()
        yield
        self.instant()

    def lift(self, holder: Holder, policy_name: str) -> bool:
        with self.deed():
            there = holder in self.denied
            self.denied.discard(holder)
        return there

    def restore(self, stopped: Stopped) -> bool:
        with self.deed():
            self.bob |= dict.fromkeys(stopped.switched_off, True)
        return True

    def forget(self, step: Step) -> None:
        with self.deed():
            self.kept.discard(step.id)


@dataclass
class DyingServer(MemoryServer):
    """Tells the world of each write."""

    world: World | None = None

    def _wrote(self, what: str) -> None:
        super()._wrote(what)
        if self.world is not None:
            self.world.instant()


class DyingWriter(Writer):
    """Tells the world before and after each line."""

    world: World

    def _append(self, entry: object, *, sync: bool) -> None:
        with self.world.deed():
            super()._append(entry, sync=sync)  # type: ignore[arg-type]  # as it was given


def contained(cases: Cases) -> Case:
    with cases.opened("ben", "ada", Scope(person="ben"), PLACE) as writer:
        writer.found((token(),), STEPS)
        for step in STEPS:
            before: dict[str, object] = {}
            if step.kind is StepKind.DISABLE_ENTITY:
                before = {"disabled": False}
            if step is STOPPED:
                before = {"keys": {"own": True, "off": False}}
            writer.note(step, StepState.TRIED, before=before)
            writer.note(step, StepState.DONE, evidence={"done": True})
    return cases.read("ben")


def world_of(case: Case) -> World:
    made = memory_server()
    server = DyingServer(**{name: getattr(made, name) for name in ("logins", "entities")})
    server.acl["default"] = denyblock.with_block(OTHERS, case.mark, PATHS)
    server.disabled.add("entity-zoe")
    world = World(server)
    server.world = world
    return world


def run(cases: Cases, world: World) -> None:
    wished = Wished(frozenset({"bob"}))
    with cases.gone_on("ben") as (case, writer):
        dying = DyingWriter(writer._file, writer._descriptor, FixedClock(AT))
        dying.world = world
        wanted = plan(case, (), LATER, wished)
        hands = Hands(world.vault, world, world.forget, FixedClock(LATER), world)
        done = lift(case, wanted, hands, dying)
        assert not done.failed


def test_at_every_instant(tmp_path: Path) -> None:
    killed = 0
    for instant in range(1, MOST_INSTANTS):
        here = Cases(tmp_path / str(instant), FixedClock(AT))
        world = world_of(contained(here))
        world.kill_at = instant
        try:
            run(here, world)
        except KilledError:
            killed += 1
            world.kill_at = 0
            run(here, world)
        case = here.read("ben")
        assert case.lifted_at is not None
        assert {case.state_of(step) for step in case.steps} == {StepState.UNDONE}
        assert (world.denied, world.kept) == (set(), set())
        assert world.vault.acl["default"] == OTHERS
        assert world.vault.disabled == set()
        assert world.bob == {"own": True, "off": False}
        if not world.kill_at:
            continue
        assert world.instants < instant  # it came to its end before it could be killed
        break
    assert killed > 2 * len(STEPS)
