"""How `apply` goes on: plan, ask, look again, write. Wires the parts of plan/ together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from vaultaws.cli import output
from vaultaws.cli.root_secret import root_secret
from vaultaws.cli.unfinished import journal_of, say_unfinished
from vaultaws.cli.wiring import confirm
from vaultaws.clock import Clock
from vaultaws.config import durations
from vaultaws.config.schema import Config
from vaultaws.errors import UsageError
from vaultaws.leases.target import Target
from vaultaws.leases.words import count
from vaultaws.plan import apply, drift, outcome, steps
from vaultaws.plan.changes import Action, Change, Kind, Plan
from vaultaws.plan.journal import ApplyJournal
from vaultaws.plan.outcome import Applied
from vaultaws.plan.planner import make_plan
from vaultaws.plan.saved import SavedPlan
from vaultaws.plan.steps import Hands, RootSecret
from vaultaws.vault.administration import Administration
from vaultaws.vault.bulk import ask_all


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for."""

    yes: bool = False
    prune: bool = False
    replace_root_key: bool = False
    command: str = "vaultaws apply"


@dataclass(frozen=True)
class Job:
    """One file, its plan, and what it is carried out with."""

    config: Config
    journal: ApplyJournal
    plan: Plan
    secret: RootSecret | None = None

    @property
    def root_source(self) -> str:
        """Where the file says that Vault's own key is."""
        return self.config.root.credentials if self.config.root is not None else "server"


class Applying:
    """Several files against one server: planned together, asked about once, written in order."""

    def __init__(self, vault: Administration, namespace: str, wishes: Wishes, clock: Clock) -> None:
        self._vault = vault
        self._namespace = namespace
        self._wishes = wishes
        self._clock = clock
        self._journals: dict[str, ApplyJournal] = {}

    def plan(self, configs: Sequence[Config]) -> tuple[Job, ...]:
        """Observe the server and plan each file."""
        plans = ask_all(self._plan, configs)
        return tuple(
            Job(config, self._journal(config), plan)
            for config, plan in zip(configs, plans, strict=True)
        )

    def hold(self, configs: Sequence[Config], until: ExitStack) -> None:
        """Be the only apply of these mounts until the stack is closed."""
        for config in configs:
            until.enter_context(self._journal(config).held(config.file))

    def again(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Observe again and refuse what is not the plan that was shown."""
        plans = ask_all(self._plan, [job.config for job in jobs])
        fresh = tuple(replace(job, plan=plan) for job, plan in zip(jobs, plans, strict=True))
        for shown, now in zip(jobs, fresh, strict=True):
            drift.refuse_if_changed(shown.plan, now.plan)
        return fresh

    def refuse_other_than(self, saved: SavedPlan, job: Job) -> None:
        """Refuse unless the plan made now is the one that was saved."""
        here = Target(self._vault.address, self._namespace, job.config.mount.path)
        there = Target(saved.address, saved.namespace, saved.mount)
        if here.key != there.key:
            raise UsageError(
                f"the plan is for {there.mount}/ on {there.address}",
                why=f"this would apply to {here.mount}/ on {here.address}",
                do="point VAULT_ADDR and VAULT_NAMESPACE at the plan's server, or plan again",
            )
        if saved.fingerprint != job.plan.fingerprint:
            why = "the file or the server has changed since the plan was written"
            raise drift.changed(job.plan, why)

    def mention_unfinished(self, jobs: Sequence[Job]) -> None:
        """Say which earlier apply has not come to its end."""
        for job in jobs:
            say_unfinished(job.journal)

    def with_secrets(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Find Vault's own key for each file that writes the root; refuse what cannot work."""
        return tuple(self._with_secret(job, named=len(jobs) > 1) for job in jobs)

    def ask(self, jobs: Sequence[Job]) -> None:
        """Ask whether to go on, pointing out what goes for good."""
        confirm(question(self._vault.address, [job.plan for job in jobs]), yes=self._wishes.yes)

    def write(self, job: Job) -> Applied:
        """Carry one plan out, journalled."""
        names = [outcome.step_name(step) for step in job.plan.to_write]
        hands = Hands(self._vault, job.config.mount.path, job.secret)
        if not names:
            job.journal.close_left_open()
            return Applied(job.plan, frozenset())
        with (
            job.journal.begin(job.config.file, job.plan.fingerprint, names) as writer,
            output.Progress("applying") as progress,
        ):
            watcher = Watcher(progress, len(names))
            return apply.apply(job.plan, hands, writer, self._clock, watcher)

    def _journal(self, config: Config) -> ApplyJournal:
        """The mount's own, and the same one each time: it knows whether it is held."""
        mount = config.mount.path
        if mount not in self._journals:
            journal = journal_of(self._vault.address, self._namespace, mount)
            self._journals[mount] = journal
        return self._journals[mount]

    def _plan(self, config: Config) -> Plan:
        return make_plan(self._vault, config, prune=self._wishes.prune)

    def _with_secret(self, job: Job, *, named: bool) -> Job:
        needed = self._wishes.replace_root_key or steps.needs_root_secret(job.plan)
        if needed and named and job.root_source == "prompt":
            output.say(f"· for {job.config.mount.path}/ ({job.config.file})")
        secret = root_secret(job.root_source) if needed else None
        steps.check(job.plan, secret)
        self._refuse_other_key(job.plan, secret)
        return replace(job, secret=secret)

    def _refuse_other_key(self, plan: Plan, secret: RootSecret | None) -> None:
        """A key rotated by the engine must not be undone by an old one that is still around."""
        stored = plan.observed.root.access_key_id if plan.observed.root is not None else ""
        if secret is None or not stored or stored == secret[0] or self._wishes.replace_root_key:
            return
        raise UsageError(
            f"the root key given is {secret[0]}, the server has {stored}",
            why="the engine may have rotated it since; writing an old key would break the mount",
            do=f"give the key that is in use, or say {self._wishes.command} --replace-root-key",
        )


class Watcher:
    """Shows how far it is: count, rate, time left."""

    def __init__(self, progress: output.Progress, total: int) -> None:
        self._progress = progress
        self._total = total

    def done(self, count: int, step: Change) -> None:
        """So many steps are done."""
        rate = count / max(self._progress.seconds, 0.001)
        left = durations.words(max(1.0, (self._total - count) / rate))
        words = f"applying {count:,} of {self._total:,}, {rate:,.0f}/s, {left} left"
        self._progress.update(f"{words}, {outcome.step_name(step)}")

    def stopping(self) -> None:
        """A signal came."""
        self._progress.update("stopping, waiting for what was asked (Ctrl-C again leaves it)")


def question(address: str, plans: Sequence[Plan]) -> str:
    """What is asked before anything is written: what goes for good is pointed out."""
    several = f"{len(plans)} files " if len(plans) > 1 else ""
    removed = [step for plan in plans for step in plan.to_write if step.action is Action.REMOVE]
    parts = [
        f"{count(len(found), one, many)} removed"
        for kind, one, many in (
            (Kind.ROLE, "role is", "roles are"),
            (Kind.STATIC_ROLE, "static role is", "static roles are"),
            (Kind.ACCESS, "access is", "accesses are"),
        )
        if (found := [step for step in removed if step.kind is kind])
    ]
    left = _leases_left(plans)
    if left:
        parts.append(f"{count(left, 'lease of them lives', 'leases of them live')} on")
    said = f" {'; '.join(parts)}." if parts else ""
    return f"Apply {several}to {address}?{said}"


def _leases_left(plans: Sequence[Plan]) -> int:
    """Live leases of roles that go, as far as they could be counted."""
    return sum(
        leases or 0
        for plan in plans
        for role, leases in plan.observed.lease_counts
        if any(
            step.kind is Kind.ROLE and step.action is Action.REMOVE and step.name == role
            for step in plan.to_write
        )
    )
