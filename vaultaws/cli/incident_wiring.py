"""Incidents and their adapters: the server, AWS, the trail, the journal of cases."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from vaultaws.cli import evidence, output
from vaultaws.cli.incident_doors import open_cloud
from vaultaws.cli.options import ServerFlags
from vaultaws.cli.wiring import open_administration, open_journal, open_rotations
from vaultaws.config.durations import words
from vaultaws.errors import VaultError

if TYPE_CHECKING:
    from pathlib import Path

    from vaultaws.cli.incident_contain import Reach
    from vaultaws.clock import Clock
    from vaultaws.config.schema import Config
    from vaultaws.incident.cloud import PacedCloud
    from vaultaws.incident.contain import Standing
    from vaultaws.incident.deeds import Canary, Deeds
    from vaultaws.incident.descend import Trail
    from vaultaws.incident.journal import Cases
    from vaultaws.incident.looking import Sources
    from vaultaws.incident.model import Case, Evidence, Place, Step
    from vaultaws.incident.picture import Picture
    from vaultaws.incident.running import Prepared, Runner
    from vaultaws.model import AuditIssuance
    from vaultaws.vault.administration import Administration

CANARY_SECONDS: Final = 20.0
"""How long a canary that is an IAM user may take to become good."""


@dataclass(frozen=True)
class Where:
    """What is asked: a server, a mount, the audit log that was named."""

    server: ServerFlags
    mount: str
    audit_log: str | None


@dataclass(frozen=True)
class Tools:
    """A run, and the AWS that its deeds work on."""

    runner: Runner
    cloud: PacedCloud


def open_tools(
    where: Where, cases: Cases, reach: Reach, *, key: str, watch: Callable[[str], None]
) -> Tools:
    """All that a run works with. Where Vault does not answer, what the machine knows stands in."""
    from vaultaws.clock import SystemClock
    from vaultaws.incident.running import Runner
    from vaultaws.incident.standing import Standing

    clock = SystemClock()
    vault, _ = open_administration(where.server)
    cloud = open_cloud()
    fresh = sources_of(where, vault, cloud, reach, key=key)
    trail = None if reach.no_trail else trail_of(vault, cloud.keys_of, reach.regions, watch)
    runner = Runner(
        fresh(),
        fresh,
        cases,
        clock,
        trail,
        lambda case: Standing(vault, cloud, case).undone(),
        reach.stronger,
    )
    return Tools(runner, cloud)


def sources_of(
    where: Where, vault: Administration, cloud: PacedCloud, reach: Reach, *, key: str
) -> Callable[[], Sources]:
    """Where observations look; each call reads the audit log and the journal anew."""
    from vaultaws.clock import SystemClock
    from vaultaws.incident.looking import Sources

    path = evidence.audit_log_path(where.audit_log)
    declared = declared_at(where.mount)
    key_hash = digest_of(vault, key)
    static_names = reach.static_names
    if declared is not None:
        static_names = (*(static_names or ()), *(role.name for role in declared.static_roles))

    def read() -> Sources:
        files, issuances = audited(path)
        with open_journal() as journal:
            ledger = journal.ledger()
        return Sources(
            vault=vault,
            cloud=cloud,
            mount=where.mount,
            clock=SystemClock(),
            ledger=ledger,
            issuances=issuances,
            audit_files=files,
            key_hash=key_hash,
            declared=declared.roles if declared else (),
            static_names=static_names,
            root_user=reach.root_user,
        )

    return read


def audited(path: Path | None) -> tuple[tuple[Path, ...], tuple[AuditIssuance, ...]]:
    """The files of the audit log, and all issuances in them, of other mounts too."""
    from vaultaws.trail import audit

    if path is None:
        return (), ()
    files = audit.rotated(path)
    return tuple(files), tuple(audit.read(files).issuances)


def declared_at(mount: str) -> Config | None:
    """The declared file here, when it is of this mount."""
    if not evidence.DEFAULT_FILE.is_file():
        return None
    from vaultaws.config.load import load

    config = load(evidence.DEFAULT_FILE)
    return config if config.mount.path == mount else None


def digest_of(vault: Administration, key: str) -> str:
    """How the audit log writes a whole key id; empty when nothing can tell."""
    if not key or "…" in key:
        return ""
    try:
        digest = evidence.digest_with(vault, None)
        return digest(key) if digest is not None else ""
    except VaultError:
        return ""


def trail_of(
    vault: Administration,
    keys_of: Callable[[str], list[str]],
    regions: tuple[str, ...],
    watch: Callable[[str], None],
) -> Callable[[Picture], Trail]:
    """How CloudTrail is asked: two calls a second in each region, as AWS takes them."""
    from vaultaws.aws.sessions import default_region
    from vaultaws.incident.descend import Trail

    lookup = evidence.paced_lookup()

    def opened(seen: Picture) -> Trail:
        return Trail(
            lookup=lookup,
            regions=(default_region(), *seen.regions, *regions),
            keys_of=keys_of,
            root_user=seen.place.root_user,
            root_key_id=seen.place.root_key_id,
            digest=evidence.digest_or_none(vault),
            watch=watch,
        )

    return opened


def deeds_for(tools: Tools, prepared: Prepared, case: Case, *, stronger: bool) -> Deeds:
    """The effects, over a server, an account, and the rotations of this mount."""
    from vaultaws.incident.deeds import Deeds
    from vaultaws.incident.ending import LeaseEnder
    from vaultaws.incident.rotations import Rotations
    from vaultaws.root.side import open_side

    sources, place = tools.runner.sources, prepared.picture.place
    vault, cloud = sources.vault, tools.cloud
    journal = open_rotations(vault.address, vault.namespace, place.mount)
    rotations = Rotations(vault, open_side(), journal, sources.clock, place.mount)
    return Deeds(
        case=case.name,
        mark=case.mark,
        policy_name=case.policy_name,
        stop_policy_name=case.stop_policy_name,
        vault=vault,
        denies=cloud,
        stops=cloud,
        cloud=cloud,
        end_lease=LeaseEnder(vault, sources.clock, cloud.user_exists),
        issue_canary=canary_issuer(vault, place, case.name, sources.clock),
        replace_static=rotations.replace_static,
        rotate_root=rotations.rotate_root,
        in_all_places=stronger,
    )


def canary_issuer(vault: Administration, place: Place, case: str, clock: Clock) -> Canary:
    """Issues canaries and keeps their sets in a keyring."""
    from vaultaws.aws.moment import ANYWHERE
    from vaultaws.aws.sessions import default_region
    from vaultaws.incident import canary, keeper

    kept = keeper.open_keeper(case, place, os.environ)
    region = default_region() or ANYWHERE

    def issue(step: Step, asked: Callable[[], None]) -> Evidence:
        with open_journal() as journal:
            return canary.issue(
                vault,
                place,
                step,
                keeper=kept,
                journal=journal,
                clock=clock,
                region=region,
                deadline_seconds=CANARY_SECONDS,
                asked=asked,
            )

    return issue


class Telling:
    """Progress in words: what is under way, how many of how many, how fast, how long still."""

    def __init__(self, progress: output.Progress, clock: Clock) -> None:
        self._progress = progress
        self._clock = clock
        self._phase = ""
        self._began = (0.0, 0)

    def __call__(self, now: Standing) -> None:
        through = now.done + now.failed
        if self._phase != now.phase:
            self._phase, self._began = now.phase, (self._clock.monotonic(), through)
        began, before = self._began
        spent = self._clock.monotonic() - began
        rate = (through - before) / spent if spent > 0 else 0.0
        said = f"{now.phase.value}: {now.done:,} of {now.total:,}"
        if now.failed:
            said += f", {now.failed:,} failed"
        if rate > 0 and spent > 1:
            said += f", {rate:,.0f}/s, about {words((now.total - through) / rate)} left"
        self._progress.update(said)
